// The form that interrupts a command, and the command's state on its page.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { requestPage } from './helpers.ts';

test('an interrupt reports the state of the command: stopping, cancelled, or interrupted', async () => {
  await using on = await startHubFixture();
  const operator = { role: 'operator' } as const;
  const interrupt = async (commandId: string) => {
    const path = `/commands/${commandId}/interrupt`;
    return (await requestPage(on.hub, path, { ...operator, form: {} })).text();
  };
  const readPage = async (commandId: string) =>
    (await requestPage(on.hub, `/commands/${commandId}`, operator)).text();
  const running = await on.startCommand('!make');
  const queued = await on.dashboard.request('!next');

  expect(await interrupt(queued)).toContain('Cancelled');
  const cancelledPage = await readPage(queued);
  expect(cancelledPage).toContain('Cancelled');
  expect(cancelledPage).not.toContain('Interrupted');

  expect(await interrupt(running)).toContain('Stopping…');
  const stoppingPage = await readPage(running);
  expect(stoppingPage).toContain('Stopping…');
  expect(stoppingPage).not.toContain(`hx-post="/commands/${running}/interrupt"`);
  on.agent.sendFinished(running, { outcome: 'interrupted', exitCode: null });
  await on.dashboard.waitForStatus(running, 'interrupted');

  const offline = await on.startCommand('!again');
  on.hub.clock.advance(12_000);
  await on.disconnectAgent();
  on.hub.clock.advance(60_000);
  expect(await interrupt(offline)).toContain('Interrupted');
  expect(await readPage(offline)).toContain('Ran 12 s, then its agent went offline');
});
