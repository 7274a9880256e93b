// The terminals on the page. The server renders a header above each one, which contains the command to show.
import { Value } from '@sinclair/typebox/value';
import { CommandExecution } from '../protocol/entities.ts';
import type { Unversioned } from '../protocol/message.ts';
import type { DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import { createTerminalBars } from './terminal-bars.ts';
import { createTerminalSubscription, type TerminalSubscription } from './terminal-subscription.ts';
import { createXtermDisplay } from './xterm-display.ts';

interface PageTerminalsOptions {
  send(message: Unversioned<DashboardToHub>): boolean;
  /** Called with the command of the first terminal whenever its header is rendered. */
  onCommand(command: CommandExecution | null): void;
}

/** Opens the page's terminals, in document order. */
export function openPageTerminals({
  send,
  onCommand,
}: PageTerminalsOptions): TerminalSubscription[] {
  const hosts = [...document.querySelectorAll<HTMLElement>('.terminal-screen[data-header]')];
  const terminals = hosts.map((host) => openTerminal(host, send));
  const showCommands = () => {
    for (const [index, { host, display, subscription }] of terminals.entries()) {
      const command = readCommand(host.dataset['header'] ?? '');
      if (index === 0) onCommand(command);
      // Prompts produce prose; the output of shell commands keeps its own line breaks.
      display.setWordWrap(command !== null && !command.command.startsWith('!'));
      subscription.show(command?.id ?? null);
    }
  };
  document.addEventListener('htmx:after:swap', showCommands);
  showCommands();
  return terminals.map(({ subscription }) => subscription);
}

function openTerminal(host: HTMLElement, send: PageTerminalsOptions['send']) {
  const bars = createTerminalBars(host, {
    onFirstPage: () => subscription.showFirstPage(),
    onNextPage: () => subscription.showNextPage(),
    onEnd: () => subscription.showEnd(),
  });
  const display = createXtermDisplay(host, bars.setEarlierLines);
  const subscription = createTerminalSubscription({
    display,
    send,
    onEarlierOutput: bars.setEarlierOutput,
    onLaterOutput: bars.setLaterOutput,
    onState: (state) => {
      host.dataset['state'] = state;
    },
  });
  return { host, display, subscription };
}

/** Reads the command from a terminal's header. Returns null if its output is no longer held. */
function readCommand(headerId: string): CommandExecution | null {
  const { command, output } = document.getElementById(headerId)?.dataset ?? {};
  if (command === undefined || output !== 'held') return null;
  const value: unknown = JSON.parse(command);
  return Value.Check(CommandExecution, value) ? value : null;
}
