// One terminal on the page with its tools: connects the display, the subscription, the size, typing and the search. Loaded
// when the first terminal is on the page.
import { systemClock } from '../protocol/clock.ts';
import type { DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import type { Role } from '../protocol/entities.ts';
import type { DashboardWelcome, HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { BUFFER_BYTES } from '../protocol/limits.ts';
import type { Unversioned } from '../protocol/message.ts';
import { isPermitted } from '../protocol/permissions.ts';
import { createChunkTimes } from './chunk-times.ts';
import { createInputSender } from './input-sender.ts';
import { formatAddress, type LineAddress, parseAddress } from './output-address.ts';
import { createTerminalBars } from './terminal-bars.ts';
import { createConfirm, openLink } from './terminal-confirm.ts';
import { initFollow } from './terminal-follow.ts';
import { createGutter } from './terminal-gutter.ts';
import { followHeight } from './terminal-height.ts';
import { initKeys } from './terminal-keys.ts';
import {
  readPreferences,
  type TerminalPreferences,
  writePreferences,
} from './terminal-preferences.ts';
import { limitAnswers } from './terminal-queries.ts';
import { createReveal, type RevealMatch } from './terminal-reveal.ts';
import { initSearch } from './terminal-search.ts';
import { createSizeControl } from './terminal-size.ts';
import { describeProblem, describeTyping } from './terminal-status.ts';
import { createTerminalSubscription, type TerminalSubscription } from './terminal-subscription.ts';
import { initTools } from './terminal-tools.ts';
import { createTyping } from './terminal-typing.ts';
import { createXtermDisplay } from './xterm-display.ts';
import { openXterm } from './xterm-open.ts';

/** How long the result of a tool is shown. */
const SAYING_MS = 4_000;
/** When the search for the text with which the page was opened begins at the latest. */
const LIVE_SEARCH_MS = 2_000;

export interface TerminalViewOptions {
  send(message: Unversioned<DashboardToHub>): boolean;
  /** The time of the hub. */
  now(): number;
}

/** The command that a terminal shows. */
export interface ShownCommand {
  id: string;
  agentId: string;
  command: string;
  isRunning: boolean;
}

export interface TerminalView extends Pick<TerminalSubscription, 'getPosition' | 'setResumed'> {
  show(command: ShownCommand | null): void;
  handleMessage(message: HubToDashboard): void;
  handleWelcome(welcome: DashboardWelcome, isSameEpoch: boolean): void;
  handleDisconnect(): void;
  dispose(): void;
}

/** Opens the terminal in `host`, an element of views/components/terminal.tsx. */
export function openTerminalView(host: HTMLElement, options: TerminalViewOptions): TerminalView {
  const { send } = options;
  const root = host.closest<HTMLElement>('.terminal-output') ?? host;
  const find = (selector: string) => root.querySelector<HTMLElement>(selector);
  const frame = document.createElement('div');
  frame.className = 'terminal-frame';
  host.replaceChildren(frame);
  const confirm = createConfirm(root.querySelector<HTMLDialogElement>('[data-confirm]'));
  const terminal = openXterm(
    frame,
    (url) => void openLink(confirm, url),
    () => size.update(),
  );
  const bars = createTerminalBars(root, {
    onFirstPage() {
      subscription.showFirstPage();
      fetchTimes();
    },
    onNextPage: () => subscription.showNextPage(),
    onEnd: () => subscription.showEnd(),
  });
  const display = createXtermDisplay(terminal, bars.setEarlierLines);
  const reveal = createReveal(terminal, display);
  const times = createChunkTimes(options.now);
  const preferences = readPreferences(localStorage);
  const defaultFontSize = terminal.options.fontSize ?? 13;
  let shown: ShownCommand | null = null;
  let userId: string | null = null;
  let role: Role = 'viewer';
  let backlogBytes = 0;
  let sayingTimer: ReturnType<typeof setTimeout> | undefined;
  /** What to show once it has been drawn. */
  let target: { address: LineAddress; match?: RevealMatch } | null = null;

  const subscription = createTerminalSubscription({
    display,
    send,
    onEarlierOutput: bars.setEarlierOutput,
    onLaterOutput: bars.setLaterOutput,
    onState: (state) => {
      host.dataset['state'] = state;
    },
  });
  const size = createSizeControl({ terminal, frame, send, onChange: () => updateStatus() });
  const input = createInputSender({
    clock: systemClock,
    send,
    onProblem: (problem) => showNote(describeProblem(problem)),
    onBacklog(bytes) {
      backlogBytes = bytes;
      updateStatus();
    },
  });
  const typing = createTyping({
    terminal,
    host,
    clock: systemClock,
    canType: size.canType,
    confirm,
    onData: input.type,
    onChange(isTyping) {
      const shared = size.getShared();
      // The same user has no reason to keep the size of another window.
      if (isTyping && shared && !shared.isOwner && shared.owner === userId) size.takeOver();
      root.toggleAttribute('data-typing', isTyping);
      document.body.toggleAttribute('data-typing', isTyping);
      updateStatus();
    },
  });
  limitAnswers(terminal, () => {
    const shared = size.getShared();
    return shared?.isOwner === true && !display.isDrawingBefore(shared.nextSequence);
  });
  const updateHeight = followHeight(terminal, host, () => size.getShared() !== null);
  const gutter = find('[data-gutter]') ?? document.createElement('div');
  const drawGutter = createGutter({ terminal, display, gutter, times, linkTo });
  const searchForm = root.querySelector<HTMLFormElement>('[data-search]');
  const search =
    searchForm &&
    initSearch({
      terminal,
      form: searchForm,
      getCommandId: () => shown?.id ?? null,
      onReveal: (match, matcher, results) =>
        goTo({ address: match.address, match: { matcher, index: match.index } }, () => {
          return results.countLinesBefore(match.address);
        }),
      onClose: reveal.clear,
    });
  const tools = initTools({
    terminal,
    root,
    preferences,
    getCommandId: () => shown?.id ?? null,
    onPreferences: applyPreferences,
    onSearch: () => search?.open(),
    getLineLink,
    say: showSaying,
  });
  const follow = root.querySelector<HTMLButtonElement>('[data-follow]');
  if (follow) initFollow(terminal, display.lineCount, follow);
  const keys = find('[data-keys]');
  if (keys) initKeys(keys, terminal, typing, input.type);
  find('[data-take-over]')?.addEventListener('click', () => {
    size.takeOver();
    typing.start();
  });
  find('[data-type]')?.addEventListener('click', typing.start);
  find('[data-note-dismiss]')?.addEventListener('click', () => showNote(''));
  find('[data-toolbar]')?.removeAttribute('hidden');

  /** The view whose matches are marked. */
  let marked = '';
  terminal.onRender(() => {
    const { viewportY, baseY } = terminal.buffer.active;
    const view = `${viewportY}/${baseY}/${terminal.cols}`;
    if (view === marked || !search?.isOpen()) return;
    marked = view;
    reveal.scheduleMarks(search.getMatcher);
  });
  setTimeout(() => {
    // Output of a running command has no end.
    if (shown?.isRunning) search?.openRequested();
  }, LIVE_SEARCH_MS);
  display.onDrawn(() => {
    // Before all is drawn, what follows would move the match away.
    const isDrawn = host.dataset['state'] === 'complete' && display.getBacklog() === 0;
    if (isDrawn) search?.openRequested();
    if (target && display.addresses.has(target.address)) showTarget(target);
  });
  terminal.buffer.onBufferChange(() => updateStatus());
  applyPreferences(preferences);

  function showTarget(found: NonNullable<typeof target>): void {
    if (reveal.show(found.address, found.match)) target = null;
    if (search) reveal.scheduleMarks(search.getMatcher);
  }

  /** Shows a line, and loads the page that begins with its chunk if the terminal does not hold it. */
  function goTo(next: NonNullable<typeof target>, countLinesBefore: () => number): void {
    target = next;
    showTarget(next);
    if (!target) return;
    subscription.showPage(Math.max(0, next.address.sequence), countLinesBefore());
    fetchTimes();
  }

  /** Fetches the times of the lines that the terminal holds, if they are shown. */
  function fetchTimes(): void {
    if (!preferences.times) return;
    void times.fetch(subscription.isAtEnd() ? BUFFER_BYTES : undefined).then(drawGutter);
  }

  function linkTo(address: LineAddress): string {
    return `/commands/${encodeURIComponent(shown?.id ?? '')}${formatAddress(address)}`;
  }

  /** Links to the first selected line, or to the first one that is visible. */
  function getLineLink(): string | null {
    const row = terminal.getSelectionPosition()?.start.y ?? terminal.buffer.active.viewportY;
    const address = display.addresses.toAddress(display.lineCount.getLine(row));
    return address && shown ? location.origin + linkTo(address) : null;
  }

  function applyPreferences(changed: TerminalPreferences): void {
    writePreferences(localStorage, changed);
    terminal.options.fontSize = changed.fontSize ?? defaultFontSize;
    terminal.options.screenReaderMode = changed.screenReader;
    host.toggleAttribute('data-unwrapped', !changed.wrap);
    gutter.hidden = !changed.times;
    fetchTimes();
    size.setWrapping(changed.wrap);
    drawGutter();
  }

  function updateStatus(): void {
    const shared = size.getShared();
    const hint = find('[data-hint]');
    const isOther = shared !== null && !shared.isOwner && shared.owner !== null;
    const text = describeTyping({
      size: shown?.isRunning ? shared : null,
      isTyping: typing.isTyping(),
      escapes: typing.escapesToLeave(),
      backlogBytes,
      userId,
    });
    if (hint && hint.textContent !== text) hint.textContent = text;
    const takeOver = find('[data-take-over]');
    if (takeOver) takeOver.hidden = !isOther || !size.canType();
    const type = find('[data-type]');
    if (type) type.hidden = !shown?.isRunning || !size.canType() || typing.isTyping();
    if (keys) keys.hidden = !typing.isTyping();
    find('[data-key=control]')?.setAttribute('aria-pressed', String(typing.isControl()));
    updateHeight();
  }

  function showNote(text: string): void {
    const note = find('[data-note]');
    const label = note?.querySelector('span');
    if (!note || !label) return;
    note.hidden = text === '';
    label.textContent = text;
  }

  function showSaying(text: string): void {
    const hint = find('[data-hint]');
    if (hint) hint.textContent = text;
    clearTimeout(sayingTimer);
    sayingTimer = setTimeout(updateStatus, SAYING_MS);
  }

  return {
    getPosition: subscription.getPosition,
    setResumed: subscription.setResumed,
    show(command) {
      const isSame = shown?.id === command?.id;
      shown = command;
      if (!isSame || !command?.isRunning) typing.end();
      if (!isSame) {
        terminal.options.convertEol = true;
        size.reset();
        search?.reset();
        times.setCommand(command?.id ?? null);
        target = null;
        const address = command && parseAddress(location.hash);
        if (address && location.pathname.endsWith(`/${encodeURIComponent(command.id)}`)) {
          target = { address };
        }
      }
      input.setCommand(command?.isRunning ? command.id : null);
      size.setRunning(command?.isRunning ?? false);
      // Prompts produce prose; the output of shell commands keeps its own line breaks.
      display.setWordWrap(command !== null && !command.command.startsWith('!'));
      tools.setCommand(command?.id ?? null);
      subscription.show(command?.id ?? null);
      if (!isSame) fetchTimes();
      updateStatus();
    },
    handleMessage(message) {
      if (message.type === 'terminal:size' && message.commandId === shown?.id) {
        terminal.options.convertEol = false;
        times.setLiveFrom(message.nextSequence);
        size.handleSize(message);
      }
      if (message.type === 'agent:status' && message.agentId === shown?.agentId) {
        if (message.status === 'offline') input.handleAgentOffline();
        else size.claim();
      }
      times.handleMessage(message);
      if ('commandId' in message && message.commandId === shown?.id) search?.handleMessage(message);
      input.handleMessage(message);
      subscription.handleMessage(message);
      if (message.type === 'terminal:reset' && message.commandId === shown?.id) fetchTimes();
    },
    handleWelcome(welcome, isSameEpoch) {
      ({ userId, role } = welcome);
      size.setCanType(isPermitted(role, 'terminals:type'));
      input.handleConnect();
      subscription.handleWelcome({ ...welcome, isSameEpoch });
      updateStatus();
    },
    handleDisconnect() {
      input.handleDisconnect();
      updateStatus();
    },
    dispose() {
      subscription.show(null);
      terminal.dispose();
    },
  };
}
