// Text that people, agents and AI programs set, with characters that make it look like other text.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import { requestPage } from '../web/pages/helpers.ts';

const RLO = '\u202e';
const EVIL = `rm -rf /${RLO} # sl`;
const SHOWN = 'rm -rf /[U+202E] # sl';

test('no page and no fragment contains a character that changes the direction of its text', async () => {
  await using on = await startHubFixture({
    agent: { capabilities: ['prompt', 'shell', `/${EVIL}`] },
  });
  on.agent.send({ type: 'agent:capabilities', capabilities: ['prompt', 'shell'], notice: EVIL });
  const commandId = await on.startCommand(`!${EVIL}`);
  const approvalId = crypto.randomUUID();
  on.agent.send({
    type: 'approval:request',
    approvalId,
    commandId,
    title: EVIL,
    detail: EVIL,
    options: [{ optionId: RLO, name: EVIL, kind: EVIL }],
  });
  await on.dashboard.waitFor('approval:request');

  for (const path of [
    '/',
    '/approvals',
    '/agents/agent',
    '/agents/agent/live',
    `/commands/${commandId}`,
    `/approvals/${approvalId}/detail`,
    '/history',
  ]) {
    const headers = { 'hx-request': 'true' };
    const page = await requestPage(on.hub, path, { role: 'admin', headers });
    const html = await page.text();
    expect([path, html.includes(SHOWN)]).toEqual([path, true]);
    // What scripts and forms send back stays as it is, and is not shown.
    const shown = html.replaceAll(/ (?:value|data-command)="[^"]*"/g, '');
    expect([path, shown.includes(RLO)]).toEqual([path, false]);
  }

  const form = { approvalId, optionId: RLO };
  const response = await requestPage(on.hub, '/approvals', { role: 'operator', form });
  expect(await response.text()).toContain(SHOWN);
  expect(await on.agent.waitFor('approval:resolved')).toMatchObject(form);
});
