// The layout of all pages: document head, header, connection banner, dialog and notices.
import type { ComponentChildren } from 'preact';
import type { Role } from '../../src/protocol/entities.ts';
import { formatTitle } from '../../src/protocol/approvals.ts';
import { isPermitted } from '../../src/protocol/permissions.ts';
import { approvalsUrl, auditUrl, compareUrl, hubsUrl } from '../urls.ts';
import { Icon, Logo } from './icons.tsx';
import { NoticeTemplates } from './notice.tsx';

/** URLs of the assets that src/web/assets.ts serves. */
export interface AssetLinks {
  css: string;
  xtermCss: string;
  htmx: string;
  island: string;
  icon: string;
  sansFont: string;
  monoFont: string;
}

/** What every page needs from the request it responds to. */
export interface PageContext {
  assets: AssetLinks;
  /** Identifies the set of assets. The island reloads pages of another build. */
  build: string;
  /** From this response's Content-Security-Policy. The island passes it to xterm's style elements. */
  nonce: string;
  /** The number of pending approval requests. The island keeps it up to date. */
  pendingCount: number;
  /** Whether the menu has the page of the hubs. */
  hasHubs: boolean;
  /** The theme the user chose, or null to follow the system. */
  theme: 'dark' | 'light' | null;
}

/** The signed-in user. */
export interface User {
  userId: string;
  role: Role;
}

/** Inline styles would violate the CSP. 5xx responses may come from a proxy, so they are not swapped in. */
const HTMX_CONFIG = JSON.stringify({
  includeIndicatorCSS: false,
  history: 'reload',
  defaultTimeout: 20_000,
  noSwap: [204, 304, '5xx'],
  // <details> stay as the user left them.
  morphIgnore: ['data-htmx-powered', 'open'],
});

/** The keyboard of a phone makes the page smaller instead of covering the composer. */
const VIEWPORT =
  'width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content';

interface DocumentProps {
  context: PageContext;
  title: string;
  /** Whether the page loads htmx and the island. */
  hasScripts: boolean;
  /** The path that the browser opens next by itself. */
  continueTo?: string | undefined;
  children: ComponentChildren;
}

function Document({ context, title, hasScripts, continueTo, children }: DocumentProps) {
  const { assets, theme } = context;
  const fullTitle = `${title} · Signalbox`;
  return (
    <html lang="en" {...(theme && { 'data-theme': theme })}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content={VIEWPORT} />
        <meta name="color-scheme" content="dark light" />
        <meta name="referrer" content="same-origin" />
        {continueTo !== undefined && <meta http-equiv="refresh" content={`0; url=${continueTo}`} />}
        <title data-title={fullTitle}>
          {formatTitle(fullTitle, hasScripts ? context.pendingCount : 0)}
        </title>
        <link rel="icon" type="image/svg+xml" href={assets.icon} />
        <link rel="stylesheet" href={assets.css} />
        <FontPreload href={assets.sansFont} />
        {hasScripts && (
          <>
            <FontPreload href={assets.monoFont} />
            <link rel="stylesheet" href={assets.xtermCss} />
            <meta name="build" content={context.build} />
            <meta name="htmx-config" content={HTMX_CONFIG} />
            {/* Deferred scripts run in this order: the island listens to the first events of htmx. */}
            <script type="module" id="island" nonce={context.nonce} src={assets.island} />
            <script defer src={assets.htmx} />
          </>
        )}
      </head>
      {children}
    </html>
  );
}

/** Browsers would load the font only once they have laid out text in it. */
function FontPreload({ href }: { href: string }) {
  return <link rel="preload" as="font" type="font/woff2" href={href} crossorigin="anonymous" />;
}

interface SignInLayoutProps {
  context: PageContext;
  title: string;
  /** The path that the browser opens next by itself. */
  continueTo?: string;
  children: ComponentChildren;
}

/** The layout of pages that do not require a session: sign-in and setup. They load no scripts. */
export function SignInLayout({ context, title, continueTo, children }: SignInLayoutProps) {
  return (
    <Document context={context} title={title} hasScripts={false} continueTo={continueTo}>
      <body class="sign-in">
        <main class="sign-in-card">
          <p class="sign-in-brand">
            <Logo />
            Signalbox
          </p>
          {children}
        </main>
      </body>
    </Document>
  );
}

interface PageProps {
  context: PageContext;
  user: User;
  title: string;
  section: Section;
  /** `wide` uses the full width of the window. `full` is as high as the window too, and scrolls inside. */
  size?: 'normal' | 'wide' | 'full';
  /** Whether the page has a composer, which a link at the top skips to. */
  hasComposer?: boolean;
  children: ComponentChildren;
}

const classes = { normal: 'page', wide: 'page page-wide', full: 'page-full' };

type Section =
  | 'agents'
  | 'compare'
  | 'approvals'
  | 'history'
  | 'users'
  | 'audit'
  | 'hubs'
  | 'account';

/** The layout of pages for signed-in users. */
export function Page(props: PageProps) {
  const { context, user, title, section, size, hasComposer = false, children } = props;
  return (
    <Document context={context} title={title} hasScripts>
      <body class={size === 'full' ? 'full' : undefined} data-user={user.userId}>
        <a class="skip-link" href="#main">
          Skip to content
        </a>
        {hasComposer && (
          <a class="skip-link" href="#command">
            Skip to the composer
          </a>
        )}
        <header class="header" data-pending={context.pendingCount > 0 ? '' : undefined}>
          <a class="header-brand" href="/">
            <Logo />
            <span>Signalbox</span>
          </a>
          <Menu section={section} context={context} role={user.role} />
          <button
            class="header-button header-more"
            type="button"
            popovertarget="menu"
            aria-label="Menu"
          >
            <Icon name="menu" />
          </button>
          <Account user={user} section={section} />
        </header>
        <div class="banner" id="connection" role="status" hidden>
          <span />
          <button type="button">Reconnect now</button>
        </div>
        <main id="main" class={classes[size ?? 'normal']}>
          {children}
        </main>
        <dialog id="dialog" aria-labelledby="dialog-title">
          <div id="dialog-body" />
        </dialog>
        <div id="notices" class="notices" role="status" aria-live="polite" />
        <NoticeTemplates />
      </body>
    </Document>
  );
}

interface MenuProps {
  section: Section;
  context: Pick<PageContext, 'pendingCount' | 'hasHubs'>;
  role: Role;
}

function Menu({ section, context: { pendingCount, hasHubs }, role }: MenuProps) {
  const linkTo = (target: Section, href: string) => ({
    href,
    ...(target === section && { 'aria-current': 'page' as const }),
  });
  return (
    <nav id="menu" class="header-menu" aria-label="Main" popover="auto">
      <a {...linkTo('agents', '/')}>Agents</a>
      <a {...linkTo('compare', compareUrl())}>Compare</a>
      <a {...linkTo('approvals', approvalsUrl)}>
        Approvals
        <span id="pending-count" class="header-count" role="status" hidden={pendingCount === 0}>
          <b data-count>{pendingCount}</b>
          <span class="visually-hidden"> pending</span>
        </span>
      </a>
      <a {...linkTo('history', '/history')}>History</a>
      {isPermitted(role, 'users:manage') && <a {...linkTo('users', '/users')}>Users</a>}
      {isPermitted(role, 'audit:read') && <a {...linkTo('audit', auditUrl())}>Audit</a>}
      {hasHubs && <a {...linkTo('hubs', hubsUrl)}>Hubs</a>}
    </nav>
  );
}

function Account({ user, section }: { user: User; section: Section }) {
  return (
    <div class="header-account">
      <a
        class="header-user"
        href="/account"
        title={`Signed in as ${user.userId} (${user.role})`}
        {...(section === 'account' && { 'aria-current': 'page' as const })}
      >
        <Icon name="user" />
        <span class="visually-hidden">Account of </span>
        <span class="header-name">{user.userId}</span> <span class="header-role">{user.role}</span>
      </a>
      <button class="header-button" type="button" data-theme-switch aria-label="Switch theme">
        <Icon name="theme" />
      </button>
      <form method="post" action="/logout">
        <button class="header-button" type="submit" aria-label="Sign out" title="Sign out">
          <Icon name="signOut" />
        </button>
      </form>
    </div>
  );
}
