import { expect, test } from 'bun:test';
import { AgentNotice, parseNotice } from '../../../views/components/agent-notice.tsx';
import { render } from '../render.ts';
import { agent } from '../../support/samples.ts';

test('shows the notice with a button that copies its command', () => {
  const notice =
    'Codex is not installed: codex-acp was not found in the PATH. Install it: npm install -g x';
  const rendered = render(<AgentNotice agent={agent({ notice })} noticeId="n1" />);
  expect(rendered.text).toContain('Codex is not installed');
  expect(rendered.findAll('[data-copy=fix-0]')).toHaveLength(1);
  expect(render(<AgentNotice agent={agent()} noticeId="n1" />).text).toBe('');
  expect(render(<AgentNotice agent={agent({ notice })} noticeId={null} />).text).toBe('');
});

test.each([
  ['It is missing. Install it: npm i -g x', 'It is missing.', 'Install it:', 'npm i -g x'],
  [
    "Codex is not signed in. Sign in on the agent's machine: codex-acp login",
    'Codex is not signed in.',
    "Sign in on the agent's machine:",
    'codex-acp login',
  ],
  ['It crashed.', 'It crashed.', '', null],
  ['Internal error: something', 'Internal error: something', '', null],
])('splits the notice %p', (line, text, instruction, command) => {
  expect(parseNotice(line)).toEqual({ text, instruction, command });
});
