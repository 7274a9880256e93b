// The forms of the queue, and the dialogs that edit, pause and save.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { requestPage } from './helpers.ts';

const asAda = { role: 'operator', userId: 'ada' } as const;

test('the queue of the page offers changes to operators only', async () => {
  await using on = await startHubFixture();
  await on.startCommand();
  const id = await on.dashboard.request('!a');
  const page = await (await requestPage(on.hub, '/agents/agent', asAda)).text();
  expect(page).toContain(`data-queued="${id}"`);
  expect(page).toContain(`hx-post="/commands/${id}/cancel"`);
  const viewer = { role: 'viewer', userId: 'vera' } as const;
  const read = await (await requestPage(on.hub, '/agents/agent', viewer)).text();
  for (const part of ['data-queued=', '/cancel', '/edit', '/pause'])
    expect(read).not.toContain(part);
});

test('a command is edited in a dialog, which closes', async () => {
  await using on = await startHubFixture();
  const current = await on.startCommand();
  const id = await on.dashboard.request('!a <b>');
  const dialog = await requestPage(on.hub, `/commands/${id}/edit`, asAda);
  expect(await dialog.text()).toContain('!a &lt;b>');
  const form = { command: '!c\r\nd', priority: 'high' };
  const saved = await requestPage(on.hub, `/commands/${id}/edit`, { ...asAda, form });
  expect([saved.status, saved.headers.get('hx-trigger'), await saved.text()]).toEqual([
    200,
    'signalbox:refresh',
    '',
  ]);
  expect(await on.hub.hub.history.find(id)).toMatchObject({ command: '!c\nd', priority: 'high' });
  const rejected = await requestPage(on.hub, `/commands/${current}/edit`, { ...asAda, form });
  expect(rejected.status).toBe(422);
  const text = await rejected.text();
  expect(text).toContain('already running');
  expect(text).toContain('!c\nd');
  const invalid = { ...asAda, form: { priority: 'urgent' } };
  expect((await requestPage(on.hub, `/commands/${id}/change`, invalid)).status).toBe(422);
});

test('a command is cancelled, shown as cancelled, and restored', async () => {
  await using on = await startHubFixture();
  await on.startCommand();
  const id = await on.dashboard.request('!a');
  const post = (path: string) => requestPage(on.hub, path, { ...asAda, form: {} });
  expect((await post(`/commands/${id}/cancel`)).status).toBe(200);
  const page = await (await requestPage(on.hub, '/agents/agent', asAda)).text();
  expect(page).toContain(`hx-post="/commands/${id}/restore"`);
  expect(page).not.toContain(`data-queued="${id}"`);
  expect((await post(`/commands/${id}/restore`)).status).toBe(200);
  expect((await on.hub.hub.history.find(id))?.stopReason).toBeNull();
});

test('a pause is shown on the overview and on the page, with its note', async () => {
  await using on = await startHubFixture();
  expect(await (await requestPage(on.hub, '/agents/agent/pause', asAda)).text()).toContain('Note');
  const form = { note: 'deploying <by hand>' };
  await requestPage(on.hub, '/agents/agent/pause', { ...asAda, form });
  for (const path of ['/', '/agents/agent']) {
    const text = await (await requestPage(on.hub, path, asAda)).text();
    expect(text).toContain('Paused by ada');
    expect(text).toContain('deploying &lt;by hand>');
  }
  await requestPage(on.hub, '/agents/agent/resume', { ...asAda, form: {} });
  expect(on.hub.hub.registry.find('agent')?.paused).toBeNull();
});

test('prompts are saved, renamed and deleted in a dialog', async () => {
  await using hub = await startTestHub();
  const post = async (path: string, form: Record<string, string>) => {
    const response = await requestPage(hub, path, { ...asAda, form });
    return { status: response.status, text: await response.text() };
  };
  const added = await post('/prompts', { name: 'Review', text: 'Review\r\n<it>' });
  expect(added.text).toContain('<li id="saved-prompt-');
  expect(added.text).toContain('<template data-prompt-text="true">Review\n&lt;it></template>');
  const [, path = ''] = /hx-post="(\/prompts\/[^"/]+)"/.exec(added.text) ?? [];
  const again = await post('/prompts', { name: 'Review', text: 'x' });
  expect(again.status).toBe(422);
  expect(again.text).toContain('You already have a prompt');
  expect((await post(path, { name: 'Check' })).text).toContain('<b>Check</b>');
  expect((await post(`${path}/delete`, {})).text).toContain('no saved prompts');
});
