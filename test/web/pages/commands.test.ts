// The form that interrupts a command, and the command's state on its page.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
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
  expect(cancelledPage.match(/Cancelled/g)).toHaveLength(2);
  expect(cancelledPage).not.toContain('Stopping…');
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

test('a command runs again once for each request, and is offered to be queued while its agent is offline', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!make', { priority: 'low' });
  on.agent.sendFinished(commandId);
  await on.dashboard.waitForStatus(commandId, 'completed');
  const post = async (form: Record<string, string>) => {
    const path = `/commands/${commandId}/again`;
    return (await requestPage(on.hub, path, { role: 'operator', form })).text();
  };
  const listActive = () =>
    on.hub.hub.history.listActive('agent').map(({ command, priority }) => ({ command, priority }));
  const page = await requestPage(on.hub, '/agents/agent', { role: 'operator' });
  expect(await page.text()).toMatch(
    new RegExp(`id="again-request-${commandId}" type="hidden" name="requestId" value="[^"]+"`),
  );

  const accepted = await post({ requestId: 'one' });
  expect(accepted).toContain('Sent again');
  expect(accepted).toContain(`hx-target="#again-request-${commandId}"`);
  await post({ requestId: 'one' });
  expect(listActive()).toEqual([{ command: '!make', priority: 'low' }]);
  await post({ requestId: 'two' });
  expect(listActive()).toHaveLength(2);

  await on.disconnectAgent();
  const rejected = await post({ requestId: 'three' });
  expect(rejected).toContain('Queue anyway');
  expect(rejected).toContain(`form="again-${commandId}"`);
  expect(await post({ requestId: 'three', ifOffline: 'queue' })).toContain(
    'Queued until agent is online',
  );
  expect(listActive()).toHaveLength(3);
});

test('a command runs on another agent once for each request, and can be queued there', async () => {
  await using on = await startHubFixture();
  const other = await connectAgent(on.hub, { agentId: 'other' });
  await connectAgent(on.hub, { agentId: 'another' });
  const commandId = await on.startCommand('!make');
  const path = `/commands/${commandId}/again`;
  const post = (form: Record<string, string>) =>
    requestPage(on.hub, path, { role: 'operator', form: { agentId: 'other', ...form } });
  const listActive = () => on.hub.hub.history.listActive('other');
  const dialog = await (await requestPage(on.hub, path, { role: 'operator' })).text();
  expect(dialog).toMatch(/name="requestId" value="[^"]+"/);
  expect(dialog).toContain('hx-disable="findAll button[type=submit]"');

  for (let time = 0; time < 2; time += 1) {
    expect((await post({ requestId: 'one' })).headers.get('location')).toBe('/agents/other');
  }
  expect(listActive()).toHaveLength(1);

  other.terminate();
  await on.dashboard.waitFor(
    'agent:status',
    ({ agentId, status }) => agentId === 'other' && status === 'offline',
  );
  const rejected = await (await post({ requestId: 'two' })).text();
  expect(rejected).toContain('Queue anyway');
  expect(rejected).toContain('name="requestId" value="two"');
  expect(rejected).toContain('<option value="other" selected>');
  await post({ requestId: 'two', ifOffline: 'queue' });
  expect(listActive()).toHaveLength(2);
});
