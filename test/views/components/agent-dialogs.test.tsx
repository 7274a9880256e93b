import { expect, test } from 'bun:test';
import { AddAgentForm, AgentAdded } from '../../../views/components/agent-dialogs.tsx';
import { render } from '../render.ts';

test('the start command contains the token, hub, ID and type of the agent', () => {
  const registered = { agentId: 'build', agentType: 'codex' as const, token: 't0k' };
  const dialog = render(<AgentAdded registered={registered} hubUrl="http://hub:4400" />);
  expect(dialog.text).toContain(
    'SIGNALBOX_AGENT_TOKEN=t0k signalbox agent --hub http://hub:4400 --id build --type codex --pty',
  );
});

test('the field of the ID says which characters it accepts', () => {
  const form = render(<AddAgentForm />);
  expect(form.text).toContain('Letters, digits and the characters . _ -');
  expect(form.findAll('input[name=agentId][title*=". _ - only"]')).toHaveLength(1);
});
