// The terminals on the page. The server renders a header above each one, which contains the command to show. xterm and
// everything around it are loaded when the first terminal is on the page.
import { Value } from '@sinclair/typebox/value';
import { CommandExecution } from '../protocol/entities.ts';
import type { DashboardWelcome, HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { prepareResume } from './terminal-subscription.ts';
import type { TerminalView, TerminalViewOptions } from './terminal-view.ts';

interface PageTerminalsOptions extends TerminalViewOptions {
  /** Called with the command of the first terminal whenever its header is rendered. */
  onCommand(command: CommandExecution | null): void;
}

/** Opens the page's terminals, in document order, and those that htmx inserts later. */
export function openPageTerminals({ onCommand, ...options }: PageTerminalsOptions) {
  /** By the element that contains them; null while xterm is being loaded. */
  const views = new Map<HTMLElement, TerminalView | null>();
  let welcome: DashboardWelcome | null = null;

  const listViews = () => [...views.values()].filter((view) => view !== null);

  async function open(host: HTMLElement): Promise<void> {
    views.set(host, null);
    const module = await import('./terminal-view.ts').catch((error: unknown) => {
      console.warn('The terminal could not be loaded.', error);
      return null;
    });
    // The next update or connection retries a failure.
    if (!module || !host.isConnected) return void views.delete(host);
    const { openTerminalView } = module;
    const view = openTerminalView(host, options);
    views.set(host, view);
    if (welcome) view.handleWelcome(welcome, true);
    show(host, view);
  }

  function show(host: HTMLElement, view: TerminalView): void {
    const command = readCommand(host.dataset['header'] ?? '');
    view.show(command && { ...command, isRunning: command.status === 'running' });
  }

  function update(): void {
    const hosts = document.querySelectorAll<HTMLElement>('.terminal-screen[data-header]');
    for (const [host, view] of views) {
      if (host.isConnected) continue;
      view?.dispose();
      views.delete(host);
    }
    for (const [index, host] of hosts.entries()) {
      if (index === 0) onCommand(readCommand(host.dataset['header'] ?? ''));
      const view = views.get(host);
      if (view) show(host, view);
      else if (view === undefined) void open(host);
    }
  }

  document.addEventListener('htmx:after:swap', update);
  update();

  return {
    prepareResume: () => prepareResume(listViews()),
    handleMessage(message: HubToDashboard): void {
      for (const view of listViews()) view.handleMessage(message);
    },
    handleWelcome(message: DashboardWelcome, isSameEpoch: boolean): void {
      welcome = message;
      for (const view of listViews()) view.handleWelcome(message, isSameEpoch);
      update();
    },
    handleDisconnect(): void {
      welcome = null;
      for (const view of listViews()) {
        view.setResumed(null);
        view.handleDisconnect();
      }
    },
  };
}

/** Reads the command from a terminal's header. Returns null if its output is no longer held. */
function readCommand(headerId: string): CommandExecution | null {
  const { command, output } = document.getElementById(headerId)?.dataset ?? {};
  if (command === undefined || output !== 'held') return null;
  const value: unknown = JSON.parse(command);
  return Value.Check(CommandExecution, value) ? value : null;
}
