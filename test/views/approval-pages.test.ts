// Questions and answers as a browser sends them, to the real hub.
import { expect, test } from 'bun:test';
import type { Role } from '../../src/protocol/entities.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { approval } from './samples.ts';

async function ask(hub: TestHub, path: string, role: Role, form?: Record<string, string>) {
  const cookie = `signalbox=${await hub.token(role, 'otto')}`;
  return fetch(hub.url + path, {
    method: form ? 'POST' : 'GET',
    redirect: 'manual',
    headers: { origin: hub.url, cookie },
    ...(form && { body: new URLSearchParams(form) }),
  });
}

test('the inbox is a page, and its list a fragment for htmx alone', async () => {
  await using hub = await startTestHub();
  const page = await ask(hub, '/approvals', 'viewer');
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Nobody waits')]);
  const list = await ask(hub, '/approvals/list', 'viewer');
  expect([list.status, list.headers.get('location')]).toEqual([303, '/approvals']);
});

test('an answer needs a role, and a question that is open', async () => {
  await using hub = await startTestHub();
  const form = { approvalId: approval().approvalId, optionId: 'yes' };
  expect((await ask(hub, '/approvals', 'viewer', form)).status).toBe(403);
  const unknown = await ask(hub, '/approvals', 'operator', form);
  expect([unknown.status, await unknown.text()]).toEqual([
    422,
    expect.stringMatching(/^<p class="notice notice-refused" role="alert">.*no such open question/),
  ]);
  expect((await ask(hub, '/approvals', 'operator', {})).status).toBe(422);
});
