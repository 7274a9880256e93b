// Static files of the pages.
import { expect, test } from 'bun:test';
import { assetLinks } from '../../src/web/assets.ts';
import { startTestHub, type TestHub } from '../support/hub/hub.ts';
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
    const isFont = path.endsWith('.woff2');
    expect(zipped.headers.get('content-encoding')).toBe(isFont ? null : 'gzip');
    expect(await zipped.text()).toBe(await response.text());
  }
  expect((await requestPage(hub, '/assets/signalbox.old.css')).status).toBe(404);
});

test('the island contains no eval', async () => {
  await using hub = await startTestHub();
  for (const path of await listScripts(hub)) {
    const script = await (await requestPage(hub, path)).text();
    expect(script.length).toBeGreaterThan(50);
    expect(script).not.toMatch(/new Function|[^.\w]eval\(/);
  }
});

test('what a page loads before it is painted is small, without the terminal, and so are the fonts', async () => {
  await using hub = await startTestHub();
  const isDynamic = /\bimport\("\.\/([\w.-]+\.js)"\)/g;
  const island = await (await requestPage(hub, assetLinks.island)).text();
  const later = [...island.matchAll(isDynamic)].map(([, file]) => `/assets/${file}`);
  expect(later.some((path) => path.includes('terminal-view'))).toBe(true);
  const first = (await listScripts(hub, /from"\.\/([\w.-]+\.js)"/g)).filter(
    (path) => !later.includes(path),
  );
  const readSize = async (path: string) => {
    const response = await fetch(hub.url + path, {
      decompress: false,
      headers: { 'accept-encoding': 'gzip' },
    });
    return (await response.arrayBuffer()).byteLength;
  };
  const sizes = await Promise.all(
    [assetLinks.css, assetLinks.xtermCss, assetLinks.htmx, ...first].map(readSize),
  );
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(160 * 1024);
  const styles = await (await requestPage(hub, assetLinks.css)).text();
  const fonts = [...styles.matchAll(/url\("?(\/assets\/[^")]+\.woff2)"?\)/g)].map(
    ([, path]) => path ?? '',
  );
  expect(fonts).toHaveLength(4);
  const fontSizes = await Promise.all(fonts.map(readSize));
  expect(Math.min(...fontSizes)).toBeGreaterThan(5_000);
  expect(fontSizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(80 * 1024);
});

/** Lists the island and the scripts that it imports, directly or not. */
async function listScripts(hub: TestHub, imports = /"\.\/([\w.-]+\.js)"/g): Promise<string[]> {
  const found = new Set([assetLinks.island]);
  for (const path of found) {
    const response = await requestPage(hub, path);
    expect([path, response.status]).toEqual([path, 200]);
    for (const [, file] of (await response.text()).matchAll(imports)) found.add(`/assets/${file}`);
  }
  return [...found];
}
