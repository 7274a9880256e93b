// Questions and answers as a browser sends them, to the real hub.
import { expect, test } from 'bun:test';
import type { Role } from '../../../src/protocol/entities.ts';
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';
import { createStage } from '../../support/hub/stage.ts';
import { approval } from '../../views/samples.ts';

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

test('a question goes from the agent to every page, and its answer back into the audit', async () => {
  await using on = await createStage();
  const commandId = await on.running('!make');
  const { approvalId, title, options } = approval();
  on.agent.say({ type: 'approval:request', approvalId, commandId, title, options });
  await on.dashboard.find('approval:request');

  const card = `data-approval="${approvalId}"`;
  const read = async (path: string) => (await ask(on.hub, path, 'operator')).text();
  for (const path of ['/approvals', '/agents/agent', `/commands/${commandId}`]) {
    const page = await read(path);
    expect(page).toContain(card);
    expect(page).toMatch(/<title[^>]*>\(1\) /);
  }
  expect(await read('/')).toContain('Waiting for approval');

  const form = { approvalId, optionId: 'yes' };
  const answer = await ask(on.hub, '/approvals', 'operator', form);
  expect(answer.headers.get('hx-trigger')).toBe('signalbox:approval');
  expect(await answer.text()).toContain('Approved by otto: Edit src/main.ts');
  expect(await on.agent.find('approval:resolved')).toMatchObject(form);
  expect(await read('/approvals')).not.toContain(card);
  expect(await read(`/commands/${commandId}`)).toContain('has not said yet that it got it');
  const late = await ask(on.hub, '/approvals', 'operator', { approvalId, optionId: 'no' });
  expect([late.status, await late.text()]).toEqual([
    422,
    expect.stringContaining('otto has answered it already'),
  ]);

  on.agent.say({ type: 'approval:applied', approvalId });
  on.agent.finish(commandId);
  await on.dashboard.status(commandId, 'completed');
  expect(await read(`/commands/${commandId}`)).toContain('the agent has it since');
});
