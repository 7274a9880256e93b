// Static files of the pages.
import { expect, test } from 'bun:test';
import { assetLinks } from '../../src/web/assets.ts';
import { startTestHub } from '../support/hub/hub.ts';
import { requestPage } from './pages/helpers.ts';

test('assets are cached forever at URLs with a content hash', async () => {
  await using hub = await startTestHub();
  for (const path of Object.values(assetLinks)) {
    const response = await requestPage(hub, path, { headers: { 'accept-encoding': 'identity' } });
    expect([response.status, response.headers.get('cache-control')]).toEqual([
      200,
      'public, max-age=31536000, immutable',
    ]);
    const etag = response.headers.get('etag') ?? '';
    expect(path).toContain(`.${etag.slice(1, -1)}.`);
    const cached = await requestPage(hub, path, { headers: { 'if-none-match': etag } });
    expect(cached.status).toBe(304);
    const zipped = await requestPage(hub, path, { headers: { 'accept-encoding': 'gzip' } });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(await zipped.text()).toBe(await response.text());
  }
  expect((await requestPage(hub, '/assets/signalbox.old.css')).status).toBe(404);
});

test('the island contains no eval', async () => {
  await using hub = await startTestHub();
  const island = await (await requestPage(hub, assetLinks.island)).text();
  expect(island.length).toBeGreaterThan(100_000);
  expect(island).not.toMatch(/new Function|[^.\w]eval\(/);
});
