// The pages of changes: what they load, how a file is reverted, and how comments become a prompt.
import { describe, expect, test } from 'bun:test';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';
import { fileChange } from '../../support/samples.ts';
import { requestPage } from './helpers.ts';

const operator = { role: 'operator' } as const;
const start = () => startHubFixture({ agent: { accept: ['changes:revert'] } });

/** Runs a prompt to its end, with changes. */
async function runWithChanges(
  { agent, dashboard, ...fixture }: HubFixture,
  files = [fileChange()],
) {
  const commandId = await fixture.startCommand('Fix it');
  agent.send({ type: 'command:changes', commandId, files, omittedFiles: 0 });
  const changes = { files: files.length, added: 1, removed: 1 };
  agent.sendFinished(commandId, { report: { changes, conversationId: 'talk' } });
  await dashboard.waitForStatus(commandId, 'completed');
  return commandId;
}

test('the page shows the view that was chosen last', async () => {
  await using fixture = await start();
  const url = `/commands/${await runWithChanges(fixture)}/changes`;
  const unified = await requestPage(fixture.hub, url, operator);
  expect(await unified.text()).toContain('class="diff diff-unified"');
  const split = await requestPage(fixture.hub, `${url}?view=split`, operator);
  expect(await split.text()).toContain('class="diff diff-split"');
  const cookie = split.headers.get('set-cookie')?.split(';')[0] ?? '';
  expect(cookie).toBe('diff-view=split');
  const session = `signalbox=${await fixture.hub.issueToken('operator')}`;
  const headers = { cookie: `${session}; ${cookie}` };
  const later = await requestPage(fixture.hub, url, { headers });
  expect(await later.text()).toContain('class="diff diff-split"');
  const invalid = await requestPage(fixture.hub, `${url}?view=x`, operator);
  expect(invalid.headers.get('set-cookie')).toBeNull();
});

test('a conversation shows the changes of its commands in order', async () => {
  await using fixture = await start();
  await runWithChanges(fixture, [fileChange({ path: 'first.ts' })]);
  await runWithChanges(fixture, [fileChange({ path: 'second.ts' })]);
  const url = '/agents/agent/changes?conversation=talk';
  const text = await (await requestPage(fixture.hub, url, operator)).text();
  expect(text.indexOf('data-path="first.ts"')).toBeGreaterThan(0);
  expect(text.indexOf('data-path="second.ts"')).toBeGreaterThan(
    text.indexOf('data-path="first.ts"'),
  );
  const none = await requestPage(fixture.hub, '/agents/agent/changes?conversation=x', operator);
  expect(await none.text()).toContain('No files changed.');
  expect((await requestPage(fixture.hub, '/agents/agent/changes', operator)).status).toBe(303);
});

test('the list beside the session has the latest commands with changes', async () => {
  await using fixture = await start();
  const read = async () =>
    (await requestPage(fixture.hub, '/agents/agent/changes/latest', operator)).text();
  expect(await read()).toContain('No files changed yet.');
  const commandId = await runWithChanges(fixture);
  expect(await read()).toContain(`href="/commands/${commandId}/changes#file-${commandId}-0"`);
});

test('the diff of one file is loaded by its path', async () => {
  await using fixture = await start();
  const path = 'ü &?.ts';
  const commandId = await runWithChanges(fixture, [fileChange({ path })]);
  const url = `/commands/${commandId}/changes/file?view=split&path=`;
  const found = await requestPage(fixture.hub, url + encodeURIComponent(path), operator);
  expect(await found.text()).toContain('<mark>new</mark> text');
  expect((await requestPage(fixture.hub, `${url}other`, operator)).status).toBe(422);
});

describe('a revert', () => {
  test('is confirmed in a dialog that names the file, and then done by the agent', async () => {
    await using fixture = await start();
    const { hub, agent } = fixture;
    const commandId = await runWithChanges(fixture);
    const url = `/commands/${commandId}/revert`;
    const dialog = await requestPage(hub, `${url}?path=src/main.ts`, operator);
    expect(await dialog.text()).toContain('Revert main.ts');
    expect(agent.ofType('changes:revert')).toEqual([]);
    const form = { path: 'src/main.ts' };
    const failed = requestPage(hub, url, { ...operator, form });
    const { requestId } = await agent.waitFor('changes:revert');
    agent.send({ type: 'changes:reverted', requestId, error: 'It has changed since.' });
    expect((await failed).status).toBe(422);
    expect(await (await failed).text()).toContain('It has changed since.');
    const done = requestPage(hub, url, { ...operator, form });
    const second = await agent.waitFor('changes:revert', (one) => one.requestId !== requestId);
    agent.send({ type: 'changes:reverted', requestId: second.requestId });
    expect((await done).headers.get('location')).toBe(`/commands/${commandId}/changes`);
  });

  test('is not offered to viewers', async () => {
    await using fixture = await start();
    const commandId = await runWithChanges(fixture);
    const url = `/commands/${commandId}/revert?path=src/main.ts`;
    expect((await requestPage(fixture.hub, url, { role: 'viewer' })).status).toBe(403);
  });
});

describe('comments', () => {
  const comment = (commandId: string, fields: Record<string, string> = {}) => ({
    commandId,
    path: 'src/main.ts',
    side: 'new',
    line: '2',
    text: 'Use a better name.',
    ...fields,
  });

  async function send({ hub }: HubFixture, ...comments: Record<string, string>[]) {
    const body = new URLSearchParams({ requestId: 'form' });
    for (const one of comments) {
      for (const [name, value] of Object.entries(one)) body.append(name, value);
    }
    return fetch(`${hub.url}/agents/agent/review`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: hub.url, cookie: `signalbox=${await hub.issueToken('operator')}` },
      body,
    });
  }

  test('are sent as one prompt, with the file, the line and its text', async () => {
    await using fixture = await start();
    const commandId = await runWithChanges(fixture);
    const response = await send(
      fixture,
      comment(commandId),
      comment(commandId, { side: 'old', text: 'Why\r\nwas this removed?' }),
      comment(commandId, { text: ' ' }),
      comment(commandId, { line: '99', text: 'Far away.' }),
    );
    expect(response.headers.get('location')).toBe('/agents/agent');
    const { command, session } = await fixture.agent.waitFor(
      'command:execute',
      (message) => message.commandId !== commandId,
    );
    expect(session).toBe('continue');
    expect(command).toBe(
      [
        'Comments on your changes, each with its file, its line and the line itself:',
        'src/main.ts:2\n> new text\nUse a better name.',
        'src/main.ts:2 (before your change)\n> old text\nWhy\nwas this removed?',
        'src/main.ts:99\nFar away.',
      ].join('\n\n'),
    );
  });

  test('are rejected if they are empty or invalid', async () => {
    await using fixture = await start();
    const commandId = await runWithChanges(fixture);
    expect(await (await send(fixture)).text()).toContain('Write a comment first.');
    const invalid = await send(fixture, comment(commandId, { line: 'x' }));
    expect(await invalid.text()).toContain('no valid file or line');
    const unknown = await send(fixture, comment('unknown'));
    expect(await unknown.text()).toContain('Command not found.');
  });

  test('for an agent that is offline can be queued', async () => {
    await using fixture = await start();
    const commandId = await runWithChanges(fixture);
    await fixture.disconnectAgent();
    expect(await (await send(fixture, comment(commandId))).text()).toContain('Queue anyway');
    const queued = await send(fixture, { ...comment(commandId), ifOffline: 'queue' });
    expect(queued.status).toBe(303);
  });
});
