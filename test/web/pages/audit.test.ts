// The page of the audit log.
import { expect, test } from 'bun:test';
import { startTestHub } from '../../support/hub/hub.ts';
import { auditEntry } from '../../support/samples.ts';
import { requestPage } from './helpers.ts';

const admin = { role: 'admin', userId: 'root' } as const;
const DAY_MS = 86_400_000;

test('the page lists entries with links, filters, older entries and a download', async () => {
  await using hub = await startTestHub();
  const start = Date.UTC(2025, 5, 1);
  await hub.store.audit.insert(
    ...Array.from({ length: 60 }, (_, i) =>
      auditEntry({ id: `e${100 + i}`, time: start + i, action: 'command.requested', target: 'c1' }),
    ),
    auditEntry({
      id: 'next-day',
      time: start + DAY_MS,
      credentialId: '01900000-0000-7000-8000-0123456789ab',
    }),
  );
  const read = async (path: string) => (await requestPage(hub, path, admin)).text();
  const page = await read('/audit');
  expect(page).toContain('href="/agents/build"');
  expect(page).toContain('href="/commands/c1"');
  expect(page).toContain('href="/audit?actor=ada"');
  expect(page).toContain('title="Session or token 01900000-0000-7000-8000-0123456789ab"');
  expect(page).toContain('…456789ab');
  const filters = 'action=command.requested&amp;actor=ada&amp;from=2025-06-01&amp;to=2025-06-01';
  const filtered = await read(`/audit?${filters.replaceAll('&amp;', '&')}`);
  expect(filtered).not.toContain('next-day');
  expect(filtered).toContain(`href="/audit.csv?${filters}"`);
  const older = /hx-get="(\/audit\/older[^"]+)"/.exec(filtered)?.[1]?.replaceAll('&amp;', '&');
  const rows = (await read(older ?? '')).match(/id="entry-/g);
  expect(rows).toHaveLength(10);
  const csv = await read(`/audit.csv?${filters.replaceAll('&amp;', '&')}`);
  expect(csv.split('\r\n')).toHaveLength(62);
  expect(await read('/audit?actor=nobody')).toContain('No matching entries');
});

test('only admins see it in the menu', async () => {
  await using hub = await startTestHub();
  const read = async (role: 'operator' | 'admin') =>
    (await requestPage(hub, '/history', { role })).text();
  expect(await read('admin')).toContain('href="/audit"');
  expect(await read('operator')).not.toContain('href="/audit"');
});
