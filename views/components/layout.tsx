// What every page has around it: the head, the name board with its menu, the banner, the dialog and the notices.
import type { ComponentChildren } from 'preact';
import type { Role } from '../../src/protocol/entities.ts';
import { formatTitle } from '../../src/protocol/approvals.ts';
import { approvalsAddress, compareAddress } from '../addresses.ts';
import { Icon, Mark } from './icons.tsx';

/** Addresses of the embedded files, as src/web/assets.ts serves them. */
export interface AssetLinks {
  css: string;
  xtermCss: string;
  htmx: string;
  island: string;
  icon: string;
}

/** What a page needs to know of the request it answers. */
export interface Frame {
  assets: AssetLinks;
  /** Names them all together. */
  build: string;
  /** Of this response's Content-Security-Policy; the island gives it to the styles that xterm makes. */
  nonce: string;
  /** How many questions of agents were open when it was answered; the island keeps the count. */
  waiting: number;
  /** What the reader chose, or null to follow the system. */
  theme: 'dark' | 'light' | null;
}

/** Who reads the page. */
export interface Reader {
  userId: string;
  role: Role;
}

/** No inline style; going back is a plain page load; and a proxy's error page is never swapped in. */
const HTMX_CONFIG = JSON.stringify({
  includeIndicatorCSS: false,
  history: 'reload',
  defaultTimeout: 20_000,
  noSwap: [204, 304, '5xx'],
});

interface DocumentProps {
  frame: Frame;
  title: string;
  /** Whether htmx and the island run here. */
  live: boolean;
  children: ComponentChildren;
}

function Document({ frame, title, live, children }: DocumentProps) {
  const plain = `${title} · Signalbox`;
  return (
    <html lang="en" {...(frame.theme && { 'data-theme': frame.theme })}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="dark light" />
        <meta name="referrer" content="same-origin" />
        <title data-plain={plain}>{formatTitle(plain, live ? frame.waiting : 0)}</title>
        <link rel="icon" type="image/svg+xml" href={frame.assets.icon} />
        <link rel="stylesheet" href={frame.assets.css} />
        {live && (
          <>
            <link rel="stylesheet" href={frame.assets.xtermCss} />
            <meta name="build" content={frame.build} />
            <meta name="htmx-config" content={HTMX_CONFIG} />
            <script defer src={frame.assets.htmx} />
            <script defer id="island" nonce={frame.nonce} src={frame.assets.island} />
          </>
        )}
      </head>
      {children}
    </html>
  );
}

/** A page outside the box: signing in, the first start. It runs no script. */
export function DoorPage(props: { frame: Frame; title: string; children: ComponentChildren }) {
  return (
    <Document frame={props.frame} title={props.title} live={false}>
      <body class="door">
        <main class="door-card">
          <p class="door-name">
            <Mark />
            Signalbox
          </p>
          {props.children}
        </main>
      </body>
    </Document>
  );
}

interface PageProps {
  frame: Frame;
  reader: Reader;
  title: string;
  section: 'agents' | 'compare' | 'approvals' | 'history';
  /** For what stands side by side. */
  wide?: boolean;
  children: ComponentChildren;
}

/** A page inside the box. */
export function Page({ frame, reader, title, section, wide, children }: PageProps) {
  return (
    <Document frame={frame} title={title} live>
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="board" data-waiting={frame.waiting > 0 ? '' : undefined}>
          <a class="board-name" href="/">
            <Mark />
            <span>Signalbox</span>
          </a>
          <nav class="board-menu" aria-label="Main">
            <a href="/" {...(section === 'agents' && { 'aria-current': 'page' })}>
              Agents
            </a>
            <a href={compareAddress()} {...(section === 'compare' && { 'aria-current': 'page' })}>
              Compare
            </a>
            <a
              href={approvalsAddress}
              {...(section === 'approvals' && { 'aria-current': 'page' as const })}
            >
              Approvals
              <span id="waiting" class="board-count" role="status" hidden={frame.waiting === 0}>
                <b data-count>{frame.waiting}</b>
                <span class="visually-hidden"> open</span>
              </span>
            </a>
            <a href="/history" {...(section === 'history' && { 'aria-current': 'page' })}>
              History
            </a>
          </nav>
          <div class="board-reader">
            <span class="board-user" title={`Signed in as ${reader.userId}, ${reader.role}`}>
              {reader.userId} <span class="board-role">{reader.role}</span>
            </span>
            <button class="board-button" type="button" data-theme-switch aria-label="Dark or light">
              <Icon name="light" />
            </button>
            <form method="post" action="/logout">
              <button class="board-button" type="submit" aria-label="Sign out" title="Sign out">
                <Icon name="leave" />
              </button>
            </form>
          </div>
        </header>
        <p class="banner" id="connection" role="status" hidden />
        <main id="main" class={wide ? 'page page-wide' : 'page'}>
          {children}
        </main>
        <dialog id="dialog" aria-labelledby="dialog-title">
          <div id="dialog-body" />
        </dialog>
        <div id="notices" class="notices" role="status" aria-live="polite" />
      </body>
    </Document>
  );
}
