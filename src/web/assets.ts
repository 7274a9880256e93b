// The files a page loads, embedded in the binary and served at addresses that carry their hash:
// what is at such an address never changes, so a browser asks once.
import { Elysia } from 'elysia';
import htmx from 'htmx.org/dist/htmx.min.js' with { type: 'text' };
import xtermCss from '@xterm/xterm/css/xterm.css' with { type: 'text' };
import css from '../../public/signalbox.css' with { type: 'text' };
import icon from '../../public/signalbox.svg' with { type: 'text' };
import { bundleIsland } from './island.macro.ts' with { type: 'macro' };

const island: string = bundleIsland();
const FOR_EVER = 'public, max-age=31536000, immutable';

interface Asset {
  address: string;
  contentType: string;
  etag: string;
  text: string;
  /** Made when first asked for, and kept. */
  gzip: Uint8Array<ArrayBuffer> | null;
}

function asset(name: string, extension: string, contentType: string, text: string): Asset {
  const hash = Bun.hash(text).toString(36);
  return {
    address: `/assets/${name}.${hash}.${extension}`,
    contentType,
    etag: `"${hash}"`,
    text,
    gzip: null,
  };
}

const files = {
  css: asset('signalbox', 'css', 'text/css; charset=utf-8', css),
  xtermCss: asset('xterm', 'css', 'text/css; charset=utf-8', xtermCss),
  htmx: asset('htmx', 'js', 'text/javascript; charset=utf-8', htmx),
  island: asset('island', 'js', 'text/javascript; charset=utf-8', island),
  icon: asset('signalbox', 'svg', 'image/svg+xml', icon),
};

const byAddress = new Map(Object.values(files).map((file) => [file.address, file]));

/** Where each file is served. */
export const assetLinks = {
  css: files.css.address,
  xtermCss: files.xtermCss.address,
  htmx: files.htmx.address,
  island: files.island.address,
  icon: files.icon.address,
};

/** Names all of them together: pages loaded with others are from another build. */
export const assetBuild = Bun.hash(Object.values(assetLinks).join(' ')).toString(36);

/** Serves the embedded files under `/assets`, and the icon where browsers look for one. */
export function createAssets() {
  return new Elysia({ name: 'assets' })
    .get('/assets/:file', ({ request, params }) => {
      const file = byAddress.get(`/assets/${params.file}`);
      return file ? answer(file, request, FOR_EVER) : new Response('Not found', { status: 404 });
    })
    .get('/favicon.ico', ({ request }) => answer(files.icon, request, 'public, max-age=86400'));
}

function answer(file: Asset, request: Request, cacheControl: string): Response {
  const headers = {
    'content-type': file.contentType,
    'cache-control': cacheControl,
    'x-content-type-options': 'nosniff',
    etag: file.etag,
    vary: 'accept-encoding',
  };
  if (request.headers.get('if-none-match') === file.etag) {
    return new Response(null, { status: 304, headers });
  }
  if (!request.headers.get('accept-encoding')?.includes('gzip')) {
    return new Response(file.text, { headers });
  }
  file.gzip ??= Bun.gzipSync(file.text);
  return new Response(file.gzip, { headers: { ...headers, 'content-encoding': 'gzip' } });
}
