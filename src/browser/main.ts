// The page's island: our only client-side script. It keeps the connection to the hub, triggers htmx requests
// when something changes, and shows terminal output. The server renders everything else as HTML.
import { systemClock } from '../protocol/clock.ts';
import { initApprovalCards } from './approval-cards.ts';
import { createApprovalNotifier, initNotificationButton } from './approval-notifications.ts';
import { readDrafts, readPageBuild, shouldReload } from './build-version.ts';
import { initChangeComments } from './change-comments.ts';
import { initCompletions } from './completion-list.ts';
import { initClosedTarget } from './closed-target.ts';
import { initConnectionBanner } from './connection-banner.ts';
import { initCopyButtons } from './copy-button.ts';
import { initDialog } from './dialog.ts';
import { createEventDispatcher } from './dom-events.ts';
import { clearFailures, initForms } from './forms.ts';
import { initFreshValues } from './fresh-values.ts';
import { createHubClock } from './hub-clock.ts';
import { createHubConnection } from './hub-connection.ts';
import { defineLocalTime } from './local-time.ts';
import { initMenus } from './menus.ts';
import { applyMessage, createPageStore, disconnected, selectCommand } from './page-state.ts';
import { initBlocks } from './page-blocks.ts';
import { initComposer } from './page-composer.ts';
import { initNoticeButton } from './page-notice.ts';
import { initSession } from './page-session.ts';
import { openPageTerminals } from './page-terminals.ts';
import { initFormNotices } from './notices.ts';
import { initOutputLinks } from './output-links.ts';
import { initPromptRecall } from './prompt-recall.ts';
import { initQueueList } from './queue-list.ts';
import { initSavedPrompts } from './saved-prompts.ts';
import { initPendingCount } from './pending-count.ts';
import { initRetry } from './retry.ts';
import { initScrollAnchor } from './scroll-anchor.ts';
import { fetchSession, redirectToLogin } from './session.ts';
import { applyStyleNonce } from './style-nonce.ts';
import { initThemeSwitch } from './theme-switch.ts';

const store = createPageStore();
const hubClock = createHubClock(systemClock);
store.subscribe(({ connectionStatus }) => {
  hubClock.setRunning(connectionStatus === 'connected' || connectionStatus === 'connecting');
});

applyStyleNonce(document);
defineLocalTime(hubClock.now);
initThemeSwitch();
initForms();
initFreshValues(document);
initDialog();
initMenus(document);
initCopyButtons();
initScrollAnchor(document);
initRetry(document);
initClosedTarget(document);
initBlocks(document);
initOutputLinks(document);
initNoticeButton(document);
initCompletions(systemClock, document);
initQueueList(document);
initSavedPrompts(document);
initPromptRecall(systemClock, document);
initChangeComments(document);
initApprovalCards(systemClock, document);
// Leaves the keys of approval requests to them.
initComposer(document);
initNotificationButton(document);
initPendingCount(store, systemClock, document);

const updateSession = initSession(document);
const updateNotices = initFormNotices(systemClock, document);
const notify = createApprovalNotifier(systemClock, document);
const dispatchEvents = createEventDispatcher(systemClock, document.body);
const connection = createHubConnection({
  url: `${location.origin.replace(/^http/, 'ws')}/ws/dashboard`,
  clock: systemClock,
  random: Math.random,
  clientInfo: {
    userAgent: navigator.userAgent.slice(0, 1024),
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  },
  fetchSession,
});
const banner = document.getElementById('connection');
if (banner) initConnectionBanner(store, systemClock, banner, connection.retryNow);
const terminals = openPageTerminals({
  send: connection.send,
  now: hubClock.now,
  onCommand(command) {
    const isSame = store.getState().activeCommand?.id === command?.id;
    store.setState(isSame ? { activeCommand: command } : selectCommand(command));
  },
});

connection.start({
  prepareResume: terminals.prepareResume,
  onMessage(message) {
    if ('timestamp' in message) hubClock.sync(message.timestamp);
    updateNotices(message);
    updateSession?.(message);
    notify(message, store.getState().approvals);
    store.setState((state) => applyMessage(state, message));
    terminals.handleMessage(message);
    dispatchEvents(message);
  },
  onWelcome(welcome, isSameEpoch) {
    if (shouldReload(readPageBuild(document), welcome.build, readDrafts(document))) {
      return location.reload();
    }
    clearFailures();
    terminals.handleWelcome(welcome, isSameEpoch);
  },
  onSilence: () => store.setState(disconnected('silent')),
  onRecovery: () => store.setState({ connectionStatus: 'connected' }),
  onDisconnect(reason) {
    store.setState(disconnected(reason));
    terminals.handleDisconnect();
  },
  onSignedOut: redirectToLogin,
});

// Do not make users wait out the back-off when they return to the page or the network comes back.
addEventListener('online', connection.retryNow);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) connection.retryNow();
});
