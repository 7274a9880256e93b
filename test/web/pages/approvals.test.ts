// Approval requests on pages, and the form that responds to them.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { approval } from '../../support/samples.ts';
import { requestPage } from './helpers.ts';

test('the inbox is a page, and its list a fragment for htmx only', async () => {
  await using hub = await startTestHub();
  const page = await requestPage(hub, '/approvals', { role: 'viewer' });
  expect([page.status, await page.text()]).toEqual([
    200,
    expect.stringContaining('Nothing needs your approval'),
  ]);
  const list = await requestPage(hub, '/approvals/list', { role: 'viewer' });
  expect([list.status, list.headers.get('location')]).toEqual([303, '/approvals']);
});

test('a response requires the operator role and a pending request', async () => {
  await using hub = await startTestHub();
  const form = { approvalId: approval().approvalId, optionId: 'yes' };
  expect((await requestPage(hub, '/approvals', { role: 'viewer', form })).status).toBe(403);
  const unknown = await requestPage(hub, '/approvals', { role: 'operator', form });
  expect([unknown.status, await unknown.text()]).toEqual([
    422,
    expect.stringMatching(/^<p class="notice notice-error" role="alert">.*no longer pending/),
  ]);
  expect((await requestPage(hub, '/approvals', { role: 'operator', form: {} })).status).toBe(422);
});

test('a request appears on every page, and its response in the audit log', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!make');
  const { approvalId, title, options } = approval();
  on.agent.send({ type: 'approval:request', approvalId, commandId, title, options });
  await on.dashboard.waitFor('approval:request');

  const card = `data-approval="${approvalId}"`;
  const otto = { role: 'operator', userId: 'otto' } as const;
  const read = async (path: string) => (await requestPage(on.hub, path, otto)).text();
  for (const path of ['/approvals', '/agents/agent', `/commands/${commandId}`]) {
    const page = await read(path);
    expect(page).toContain(card);
    expect(page).toMatch(/<title[^>]*>\(1\) /);
  }
  expect(await read('/')).toContain('Waiting for approval');

  const form = { approvalId, optionId: 'yes' };
  const response = await requestPage(on.hub, '/approvals', { ...otto, form });
  expect(response.headers.get('hx-trigger')).toBe('signalbox:approval');
  expect(await response.text()).toContain('Approved by otto: Edit src/main.ts');
  expect(await on.agent.waitFor('approval:resolved')).toMatchObject(form);
  expect(await read('/approvals')).not.toContain(card);
  expect(await read(`/commands/${commandId}`)).toContain('Delivery not confirmed yet');
  const lateForm = { approvalId, optionId: 'no' };
  const late = await requestPage(on.hub, '/approvals', { ...otto, form: lateForm });
  expect([late.status, await late.text()]).toEqual([
    422,
    expect.stringContaining('otto has already responded'),
  ]);

  on.agent.send({ type: 'approval:applied', approvalId });
  on.agent.sendFinished(commandId);
  await on.dashboard.waitForStatus(commandId, 'completed');
  expect(await read(`/commands/${commandId}`)).toContain('Delivered');
});
