// Approval requests on pages, and the form that responds to them.
import { expect, test } from 'bun:test';
import { requestApproval, sendApprovalRequest } from '../../support/hub/approvals.ts';
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

const MEGABYTE = 1_048_576;
const LONG = '<b>0123456789</b>\n'.repeat(50_000);

test('pages stay small with 100 long requests, and count all of them', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!make');
  // Longer than what lists contain of it.
  const detail = LONG.slice(0, 100_000);
  for (let i = 0; i < 100; i++) sendApprovalRequest(on, commandId, detail);
  await on.dashboard.waitUntil(
    () => on.dashboard.ofType('approval:request').length === 100,
    '100 messages',
  );

  const countCards = (html: string) => html.split('data-approval=').length - 1;
  const read = async (path: string, headers = {}) => {
    const response = await requestPage(on.hub, path, { role: 'operator', headers });
    const html = await response.text();
    // Escaping makes these details longer.
    expect(html.length).toBeLessThan(2 * MEGABYTE);
    return html;
  };
  for (const path of ['/agents/agent', `/commands/${commandId}`]) {
    const page = await read(path);
    expect(countCards(page)).toBe(50);
    expect(page).toContain('View all 100 pending requests');
    expect(page).toMatch(/<title[^>]*>\(100\) /);
  }
  const inbox = await read('/approvals');
  expect(countCards(inbox)).toBe(50);
  expect(inbox).toContain('href="/approvals?cards=100"');
  const list = await read('/approvals/list?cards=100', { 'hx-request': 'true' });
  expect(countCards(list)).toBe(100);
  expect(list).toContain('hx-get="/approvals/list?cards=100"');
  expect(list).not.toContain('Show more');

  on.agent.sendFinished(commandId);
  await on.dashboard.waitUntil(
    () => on.dashboard.ofType('approval:resolved').length === 100,
    '100 messages',
  );
  const countRows = (html: string) => html.split('id="audit-').length - 1;
  const withoutDetails = (html: string) => html.replaceAll('id="audit-detail-', '');
  const ended = withoutDetails(await read(`/commands/${commandId}`));
  expect([countRows(ended), countCards(ended)]).toEqual([50, 0]);
  expect(ended).toContain('<span class="badge">100</span>');
  expect(ended).toContain(`hx-get="/commands/${commandId}/live?rows=100"`);
  const more = withoutDetails(await read(`/commands/${commandId}/live?rows=100`));
  expect(countRows(more)).toBe(100);
  expect(more).toContain('name="rows" value="100"');
});

test('a button loads the whole detail, escaped', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!make');
  const { approvalId } = await requestApproval(on, commandId, LONG);
  const page = await (await requestPage(on.hub, '/approvals', { role: 'viewer' })).text();
  const url = `/approvals/${approvalId}/detail`;
  expect(page).toContain(`hx-get="${url}"`);
  expect(page).toContain('Show all (879 KB)');
  const detail = await requestPage(on.hub, url, { role: 'viewer' });
  const html = await detail.text();
  expect(html).toMatch(/^<div class="detail"><pre/);
  expect(html.split('&lt;b>0123456789&lt;/b>')).toHaveLength(50_001);
  expect(html).not.toContain('<b>');
  expect((await requestPage(on.hub, '/approvals/unknown/detail', { role: 'viewer' })).status).toBe(
    422,
  );
  expect((await requestPage(on.hub, url)).headers.get('location')).toStartWith('/login');
});
