// Static files of the pages, embedded in the executable. Each URL contains a hash of the content, so browsers can cache
// it indefinitely.
import { Elysia } from 'elysia';
import htmx from 'htmx.org/dist/htmx.min.js' with { type: 'text' };
import xtermCss from '@xterm/xterm/css/xterm.css' with { type: 'text' };
import icon from '../../public/signalbox.svg' with { type: 'text' };
import { bundleIsland, bundleStyles, readFont } from './bundle.macro.ts' with { type: 'macro' };

const scripts: Record<string, string> = bundleIsland();
const styles: string = bundleStyles();
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const IMMUTABLE = 'public, max-age=31536000, immutable';

interface Asset {
  path: string;
  contentType: string;
  etag: string;
  content: string | Uint8Array<ArrayBuffer>;
  /** Compressed on the first request that accepts it. */
  gzip: Uint8Array<ArrayBuffer> | null;
}

function createAsset(
  name: string,
  extension: string,
  contentType: string,
  content: Asset['content'],
  hash = Bun.hash(content).toString(36),
): Asset {
  return {
    path: `/assets/${name}.${hash}.${extension}`,
    contentType,
    etag: `"${hash}"`,
    content,
    gzip: null,
  };
}

const createFont = (name: string, base64: string) =>
  createAsset(name, 'woff2', 'font/woff2', Uint8Array.fromBase64(base64));

/** By the names in public/styles/fonts.css. Longer names precede those that they begin with. */
const fonts = {
  'inter-latin-ext': createFont('inter-latin-ext', readFont('inter-latin-ext')),
  'inter-latin': createFont('inter-latin', readFont('inter-latin')),
  'jetbrains-mono-latin-ext': createFont(
    'jetbrains-mono-latin-ext',
    readFont('jetbrains-mono-latin-ext'),
  ),
  'jetbrains-mono-latin': createFont('jetbrains-mono-latin', readFont('jetbrains-mono-latin')),
};
const css = Object.entries(fonts).reduce(
  (text, [name, { path }]) => text.replaceAll(`font:${name}`, path),
  styles,
);

/** The island and its parts. Their bundler has named them, because they import each other by name. */
const scriptAssets = Object.entries(scripts).map(([file, text]) => {
  const [name = '', hash, extension = ''] = file.split('.');
  return createAsset(name, extension, JAVASCRIPT, text, hash);
});
const island = scriptAssets.find(({ path }) => path.startsWith('/assets/island.'));
if (!island) throw new Error('The browser script is missing.');

const assets = {
  css: createAsset('signalbox', 'css', 'text/css; charset=utf-8', css),
  xtermCss: createAsset('xterm', 'css', 'text/css; charset=utf-8', xtermCss),
  htmx: createAsset('htmx', 'js', JAVASCRIPT, htmx),
  island,
  icon: createAsset('signalbox', 'svg', 'image/svg+xml', icon),
};

const byPath = new Map(
  [...Object.values(assets), ...Object.values(fonts), ...scriptAssets].map((asset) => [
    asset.path,
    asset,
  ]),
);

/** The path of each asset. */
export const assetLinks = {
  css: assets.css.path,
  xtermCss: assets.xtermCss.path,
  htmx: assets.htmx.path,
  island: assets.island.path,
  icon: assets.icon.path,
  sansFont: fonts['inter-latin'].path,
  monoFont: fonts['jetbrains-mono-latin'].path,
};

/** Identifies this set of assets. Pages loaded with another set reload themselves. */
export const assetBuild = Bun.hash(Object.values(assetLinks).join(' ')).toString(36);

/** Creates the routes of the assets and of `/favicon.ico`. */
export function createAssets() {
  return new Elysia({ name: 'assets' })
    .get('/assets/:file', ({ request, params }) => {
      const asset = byPath.get(`/assets/${params.file}`);
      return asset
        ? respond(asset, request, IMMUTABLE)
        : new Response('Not found', { status: 404 });
    })
    .get('/favicon.ico', ({ request }) => respond(assets.icon, request, 'public, max-age=86400'));
}

function respond(asset: Asset, request: Request, cacheControl: string): Response {
  const headers = {
    'content-type': asset.contentType,
    'cache-control': cacheControl,
    'x-content-type-options': 'nosniff',
    etag: asset.etag,
    vary: 'accept-encoding',
  };
  if (request.headers.get('if-none-match') === asset.etag) {
    return new Response(null, { status: 304, headers });
  }
  const { content } = asset;
  // Fonts are compressed already.
  if (typeof content !== 'string' || !request.headers.get('accept-encoding')?.includes('gzip')) {
    return new Response(content, { headers });
  }
  asset.gzip ??= Bun.gzipSync(content);
  return new Response(asset.gzip, { headers: { ...headers, 'content-encoding': 'gzip' } });
}
