// How pages answer: whole documents with their policy, fragments for htmx, and the ways elsewhere.
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Frame } from '../../../views/components/layout.tsx';
import { assetBuild, assetLinks } from '../assets.ts';
import { contentSecurityPolicy } from '../csp.ts';

/** What every answer with HTML carries: nobody keeps it, nobody guesses its type. */
const HTML_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
} as const;

interface AnswerOptions {
  status?: number;
  headers?: Record<string, string>;
}

interface DocumentOptions extends AnswerOptions {
  /** How many questions of agents are open, for the name board and the title. */
  waiting?: number;
}

/** A whole document. `view` is given this response's own frame: its nonce is used once. */
export function document(
  request: Request,
  view: (frame: Frame) => VNode,
  { status = 200, headers = {}, waiting = 0 }: DocumentOptions = {},
): Response {
  const nonce = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  const frame: Frame = {
    assets: assetLinks,
    build: assetBuild,
    nonce,
    waiting,
    theme: chosenTheme(request),
  };
  return new Response(`<!doctype html>${renderToString(view(frame))}`, {
    status,
    headers: {
      ...HTML_HEADERS,
      'content-security-policy': contentSecurityPolicy(nonce),
      ...headers,
    },
  });
}

/** A piece of a page, for htmx to put in its place. */
export function fragment(
  view: VNode,
  { status = 200, headers = {} }: AnswerOptions = {},
): Response {
  return new Response(renderToString(view), { status, headers: { ...HTML_HEADERS, ...headers } });
}

/** Elsewhere, by GET; htmx is told in its own header. */
export function redirect(request: Request, to: string, cookie?: string): Response {
  const asked = request.headers.has('hx-request');
  return new Response(null, {
    status: asked ? 200 : 303,
    headers: {
      [asked ? 'hx-redirect' : 'location']: to,
      'cache-control': 'no-store',
      ...(cookie !== undefined && { 'set-cookie': cookie }),
    },
  });
}

/** The address of this page after signing in; a fragment's reader goes back to the page that asked for it. */
export function toLogin(request: Request): Response {
  const asked = request.headers.get('hx-current-url') ?? request.url;
  const next = localAddress(asked, request);
  const login = next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`;
  return redirect(request, login);
}

/** The path of an address on this site; `/` for any other, so that a link cannot send somebody away. */
export function localAddress(address: string, request: Request): string {
  const here = new URL(request.url);
  const there = URL.parse(address, here);
  if (!there || there.origin !== here.origin) return '/';
  // A path such as `//elsewhere` would be read as another site.
  return `${there.pathname.replace(/^\/+/, '/')}${there.search}`;
}

/** What the reader chose with the switch in the name board, which keeps it in a cookie. */
function chosenTheme(request: Request): Frame['theme'] {
  const choice = /(?:^|;\s*)theme=(dark|light)(?:;|$)/.exec(request.headers.get('cookie') ?? '');
  if (choice?.[1] === 'dark' || choice?.[1] === 'light') return choice[1];
  return null;
}
