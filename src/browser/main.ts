// The page's island: the only script of ours in the browser. It keeps the connection, tells htmx what changed,
// and draws the terminal; everything else on the page comes from the server as HTML.
import { systemClock } from '../protocol/clock.ts';
import { createApprovalNews, offerNotifications } from './approval-notifications.ts';
import { runApprovals } from './approval-cards.ts';
import { showBanner } from './connection-banner.ts';
import { runCompletions } from './completion-list.ts';
import { createEvents } from './dom-events.ts';
import { buildOf, draftsIn, isOutdated } from './build-version.ts';
import { helpForms } from './forms.ts';
import { defineLocalTime } from './local-time.ts';
import { openPageTerminals } from './page-terminals.ts';
import { fetchSession, goToLogin } from './session.ts';
import { connectToHub, type Socket } from './hub-connection.ts';
import { afterChoice, afterMessage, createState } from './page-state.ts';
import { keepFieldSteady } from './scroll-anchor.ts';
import { allowOwnStyles } from './style-nonce.ts';
import { runThemeSwitch } from './theme-switch.ts';
import { showWaiting } from './pending-count.ts';

const store = createState();
/** How far the hub's clock is ahead of the browser's, in milliseconds. */
let ahead = 0;
let hub: Socket | null = null;

allowOwnStyles(document);
defineLocalTime(() => Date.now() + ahead);
runThemeSwitch();
helpForms();
keepFieldSteady(document);
runCompletions(document);
runApprovals(systemClock, document);
offerNotifications(document);
showWaiting(store, systemClock, document);

const tellReader = createApprovalNews(systemClock, document);
const tell = createEvents(systemClock, document.body);
const terminals = openPageTerminals({
  send: (message) => hub?.send(message) ?? false,
  onCommand(command) {
    const { activeCommand } = store.getState();
    const isSame = activeCommand?.id === command?.id;
    store.setState(isSame ? { activeCommand: command } : afterChoice(command));
  },
});

hub = connectToHub({
  url: `${location.origin.replace(/^http/, 'ws')}/ws/dashboard`,
  clock: systemClock,
  random: Math.random,
  clientInfo: {
    userAgent: navigator.userAgent.slice(0, 1024),
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  },
  fetchSession,
  terminals: () => terminals.flatMap((terminal) => terminal.positions()),
  onMessage(message) {
    if (message.type === 'hub:heartbeat') ahead = message.timestamp - Date.now();
    tellReader(message, store.getState().approvals);
    store.setState((state) => afterMessage(state, message));
    for (const terminal of terminals) terminal.hear(message);
    tell(message);
  },
  onWelcome({ resumed, build }, sameHub) {
    if (isOutdated(buildOf(document), build, draftsIn(document))) return location.reload();
    for (const terminal of terminals) terminal.welcome({ resumed, sameHub });
  },
  onDrop(why) {
    const error =
      why === 'full' ? new Error('The hub has no room for another dashboard. Trying again…') : null;
    store.setState({ connectionStatus: error ? 'error' : 'disconnected', error });
  },
  onShutOut: goToLogin,
});

// Whoever looks again, or has a network again, does not want to wait out the back-off.
addEventListener('online', () => hub?.wake());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) hub?.wake();
});

const banner = document.getElementById('connection');
if (banner) showBanner(store, systemClock, banner);
