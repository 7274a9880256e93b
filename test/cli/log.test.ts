// The log of a running hub.
import { expect, test } from 'bun:test';
import { startCliFixture } from '../support/cli-fixture.ts';
import { startProcess } from '../support/processes.ts';

test('an agent with a wrong token is rejected at once, and the hub logs it', async () => {
  const fixture = await startCliFixture([]);
  const flags = ['--id', 'a1', '--type', 'claude', '--no-acp', '--state', fixture.folder];
  const agent = startProcess([fixture.cli.binary, 'agent', '--hub', fixture.hub.url, ...flags], {
    SIGNALBOX_AGENT_TOKEN: 'sba_a-token-of-another-agent',
  });
  await agent.waitForOutput(/The hub rejected the token for "a1"/);
  expect(await agent.exited).toBe(1);
  await fixture.hub.waitForOutput(/ warn {2}Rejected agents\. .*reason=wrong_token count=1$/m);
  expect(fixture.hub.output()).not.toContain('undefined');
  await fixture.stop();
});
