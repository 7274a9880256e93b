// Searches the whole output of a command, and shows the matches in the terminal.
import type { Terminal } from '@xterm/xterm';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import {
  compileQuery,
  createOutputSearch,
  type Matcher,
  type OutputMatch,
  type OutputSearch,
  type SearchQuery,
} from './output-search.ts';
import { fetchOutput } from './output-source.ts';

/** How long the user must pause before the search starts. */
const TYPING_MS = 200;
/** A search does not block the page for longer. */
const SLICE_MS = 12;

export interface SearchOptions {
  terminal: Terminal;
  form: HTMLFormElement;
  getCommandId(): string | null;
  /** Shows a match, and loads its part of the output first if needed. */
  onReveal(match: OutputMatch, matcher: Matcher, search: OutputSearch): void;
  onClose(): void;
}

/** Describes the position among the matches: `3 of 120`. */
export function formatPosition(index: number, count: number): string {
  if (count === 0) return 'No matches';
  return `${(index + 1).toLocaleString('en-US')} of ${count.toLocaleString('en-US')}`;
}

export function initSearch(options: SearchOptions) {
  const { terminal, form, getCommandId, onReveal, onClose } = options;
  const [input, status] = [
    form.querySelector<HTMLInputElement>('[name=text]'),
    form.querySelector<HTMLOutputElement>('[data-search-count]'),
  ];
  let request: AbortController | null = null;
  let search: OutputSearch | null = null;
  let matcher: Matcher | null = null;
  let index = -1;
  /** Output that arrives while the earlier output is fetched. */
  let arrived: HubToDashboard[] | null = null;
  let typingTimer: ReturnType<typeof setTimeout> | undefined;
  let isRequested = Boolean(input?.defaultValue) || location.hash === '#search';

  function readQuery(): SearchQuery {
    const data = new FormData(form);
    return {
      text: input?.value ?? '',
      isRegex: data.has('isRegex'),
      isCaseSensitive: data.has('isCaseSensitive'),
    };
  }

  function setStatus(text: string, isError = false): void {
    if (status) status.textContent = text;
    form.toggleAttribute('data-invalid', isError);
  }

  function reset(): void {
    request?.abort();
    request = search = matcher = arrived = null;
    index = -1;
    setStatus('');
  }

  function stopSlow(): void {
    reset();
    setStatus('This expression is too slow.', true);
  }

  async function start(): Promise<void> {
    reset();
    const query = readQuery();
    const commandId = getCommandId();
    if (query.text === '' || commandId === null) return;
    try {
      matcher = compileQuery(query, stopSlow);
    } catch {
      return setStatus('Invalid expression', true);
    }
    request = new AbortController();
    const { signal } = request;
    const current = createOutputSearch(matcher);
    search = current;
    arrived = [];
    setStatus('Searching…');
    try {
      for await (const messages of fetchOutput(commandId, signal)) {
        await addSliced(current, messages, signal);
      }
    } catch {
      if (!signal.aborted) setStatus('The output could not be searched.', true);
      return;
    }
    for (const message of arrived ?? []) current.add(message);
    arrived = null;
    move(0);
  }

  async function addSliced(current: OutputSearch, messages: HubToDashboard[], signal: AbortSignal) {
    let since = performance.now();
    for (const message of messages) {
      current.add(message);
      if (performance.now() - since < SLICE_MS) continue;
      await new Promise((resolve) => void setTimeout(resolve));
      signal.throwIfAborted();
      since = performance.now();
    }
  }

  /** Goes to the next or the previous match, or at first to the last one: the newest output is what is shown. */
  function move(step: number): void {
    if (!search || !matcher) return;
    const matches = search.getMatches();
    if (matches.length === 0) return setStatus(formatPosition(-1, 0));
    index =
      index < 0 || step === 0
        ? matches.length - 1
        : (index + step + matches.length) % matches.length;
    setStatus(formatPosition(index, search.getCount()));
    const match = matches[index];
    if (match) onReveal(match, matcher, search);
  }

  function close(): void {
    reset();
    form.hidden = true;
    terminal.clearSelection();
    onClose();
  }

  function startSoon(): void {
    clearTimeout(typingTimer);
    typingTimer = setTimeout(() => void start(), TYPING_MS);
  }

  form.addEventListener('input', startSoon);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
    else if (event.key === 'Enter' && event.target === input) {
      if (search) move(event.shiftKey ? -1 : 1);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  form.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLElement>('button') : null;
    if (button?.dataset['searchMove']) move(Number(button.dataset['searchMove']));
    if (button?.dataset['searchClose'] !== undefined) close();
  });

  function open(): void {
    form.hidden = false;
    const selection = terminal.getSelection();
    if (input && selection !== '' && !selection.includes('\n')) input.value = selection;
    input?.focus();
    input?.select();
    if (input?.value) void start();
  }

  return {
    open,
    /** Opens the search if the address of the page says so, once. It searches the terminal text of a turn. */
    openRequested(): void {
      if (!isRequested || getCommandId() === null) return;
      isRequested = false;
      const shows = document.querySelector<HTMLInputElement>('.turn-switch input');
      if (shows) shows.checked = true;
      open();
    },
    /** Adds live output to the count. */
    handleMessage(message: HubToDashboard): void {
      if (arrived) arrived.push(message);
      else if (search && message.type === 'terminal:output') {
        search.add(message);
        if (index >= 0) setStatus(formatPosition(index, search.getCount()));
      }
    },
    reset,
    isOpen: () => !form.hidden,
    getMatcher: () => (form.hidden ? null : matcher),
  };
}
