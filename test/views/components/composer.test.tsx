// What the command box says of an agent.
import { expect, test } from 'bun:test';
import { AgentNotice, readNotice } from '../../../views/components/agent-notice.tsx';
import { Composer, ComposerHint } from '../../../views/components/composer.tsx';
import { see } from '../render.ts';
import { agent } from '../../support/samples.ts';

const hint = (capabilities: string[], notice: string | null = null) =>
  see(<ComposerHint agent={agent({ capabilities, notice })} />);

test.each([
  [['prompt'], 'Takes prompts.'],
  [['prompt', 'shell'], 'Takes prompts and !commands for its shell.'],
  [['prompt', '/review'], 'Takes prompts and /review.'],
  [
    ['prompt', 'shell', '/review', '/init'],
    'Takes prompts, !commands for its shell, and / for 2 slash commands.',
  ],
  [['shell'], 'Takes !commands for its shell. It takes no prompts.'],
  [[], 'Takes no commands now. It takes no prompts.'],
])('the hint for %p', (capabilities, says) => {
  expect(hint(capabilities).text).toStartWith(says);
});

test('the island finds the slash commands in the hint, and nothing else', () => {
  const [seen] = hint(['shell', '/review', 'prompt', '/init', 'pty']).all('#composer-hint');
  expect(JSON.parse(seen?.get('data-slash') ?? '')).toEqual(['/init', '/review']);
});

test('an agent without prompts gives its reason at the top of its page', () => {
  const notice =
    'Codex is not installed: there is no codex-acp in the PATH. Install it: npm install -g x';
  expect(hint(['shell'], notice).text).toContain('the notice above says why');
  expect(hint(['prompt'], notice).text).not.toContain('notice above');
  const seen = see(<AgentNotice agent={agent({ notice })} />);
  expect(seen.text).toContain('Codex is not installed');
  expect(seen.all('[data-copy=mend-0]')).toHaveLength(1);
  expect(see(<AgentNotice agent={agent()} />).text).toBe('');
});

test.each([
  ['It is missing. Install it: npm i -g x', 'It is missing. Install it:', 'npm i -g x'],
  [
    'Not logged in. Log in over there: claude /login',
    'Not logged in. Log in over there:',
    'claude /login',
  ],
  ['It crashed.', 'It crashed.', null],
  ['Internal error: something', 'Internal error: something', null],
])('the notice %p', (line, words, command) => {
  expect(readNotice(line)).toEqual({ words, command });
});

test('the list of completions stands ready, closed', () => {
  const seen = see(<Composer agent={agent({ capabilities: ['/x'] })} requestId="r" />);
  expect(seen.all('#completions[role=listbox][hidden]')).toHaveLength(1);
  expect(seen.all('#composer-session input')).toEqual([]);
});
