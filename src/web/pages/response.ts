// Responses of pages: HTML documents, fragments for htmx, and redirects.
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { PageContext } from '../../../views/components/layout.tsx';
import { revealBidiInHtml } from '../../../views/format/reveal-bidi.ts';
import { assetBuild, assetLinks } from '../assets.ts';
import { contentSecurityPolicy, FRAGMENT_POLICY } from '../csp.ts';

const HTML_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
} as const;

interface ResponseOptions {
  status?: number;
  headers?: Record<string, string>;
}

interface DocumentOptions extends ResponseOptions {
  /** Number of pending approval requests, for the menu and the title. */
  pendingApprovals?: number;
  /** Whether the menu has the page of the hubs. */
  hasHubs?: boolean;
}

/** Renders a document. `view` receives the response's context, whose nonce is used for this response only. */
export function renderDocument(
  request: Request,
  view: (context: PageContext) => VNode,
  { status = 200, headers = {}, pendingApprovals = 0, hasHubs = false }: DocumentOptions = {},
): Response {
  const nonce = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  const context: PageContext = {
    assets: assetLinks,
    build: assetBuild,
    nonce,
    pendingCount: pendingApprovals,
    hasHubs,
    theme: readTheme(request),
  };
  return new Response(`<!doctype html>${renderHtml(view(context))}`, {
    status,
    headers: {
      ...HTML_HEADERS,
      'content-security-policy': contentSecurityPolicy(nonce),
      ...headers,
    },
  });
}

/** Renders part of a page, for htmx to swap in. */
export function renderFragment(
  view: VNode,
  { status = 200, headers = {} }: ResponseOptions = {},
): Response {
  return new Response(renderHtml(view), {
    status,
    // If it is opened as a page, it loads and runs nothing.
    headers: { ...HTML_HEADERS, 'content-security-policy': FRAGMENT_POLICY, ...headers },
  });
}

/** The only place where pages and fragments become text. */
function renderHtml(view: VNode): string {
  return revealBidiInHtml(renderToString(view));
}

/** Redirects with GET. htmx requests are redirected with htmx's own header. */
export function redirect(request: Request, path: string, cookie?: string): Response {
  const isHtmx = request.headers.has('hx-request');
  return new Response(null, {
    status: isHtmx ? 200 : 303,
    headers: {
      [isHtmx ? 'hx-redirect' : 'location']: path,
      'cache-control': 'no-store',
      ...(cookie !== undefined && { 'set-cookie': cookie }),
    },
  });
}

/** Redirects to the sign-in page, which returns to the current page afterwards. Browsers keep the fragment of the page. */
export function redirectToLogin(request: Request): Response {
  const current = request.headers.get('hx-current-url') ?? request.url;
  const next = toLocalPath(current, request);
  const login = next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`;
  return redirect(request, login + (URL.parse(current)?.hash ?? ''));
}

/** Returns the path of a URL on this site, and `/` for any other URL, to prevent open redirects. */
export function toLocalPath(url: string, request: Request): string {
  const base = new URL(request.url);
  const target = URL.parse(url, base);
  if (!target || target.origin !== base.origin) return '/';
  // Browsers interpret a path such as `//example.com` as another site.
  return `${target.pathname.replace(/^\/+/, '/')}${target.search}`;
}

/** Returns the theme that the user chose with the theme switch. */
function readTheme(request: Request): PageContext['theme'] {
  const match = /(?:^|;\s*)theme=(dark|light)(?:;|$)/.exec(request.headers.get('cookie') ?? '');
  if (match?.[1] === 'dark' || match?.[1] === 'light') return match[1];
  return null;
}
