// Joins the terminal to the page: the head that the server renders says which command it shows.
import { Value } from '@sinclair/typebox/value';
import { CommandExecution } from '../protocol/entities.ts';
import type { Body } from '../protocol/message.ts';
import type { DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import { createScreen } from './screen.ts';
import { createTerminal, type TerminalView } from './terminal.ts';

interface PageTerminalOptions {
  send(message: Body<DashboardToHub>): boolean;
  /** The head names another command, or knows more of the same one. */
  onCommand(command: CommandExecution | null): void;
}

/** The terminal of this page, or null where it has none. */
export function openPageTerminal({ send, onCommand }: PageTerminalOptions): TerminalView | null {
  const host = document.getElementById('terminal');
  if (!host) return null;
  const display = createScreen(host, () => terminal.drawn());
  const terminal = createTerminal({
    display,
    send,
    onState: (state) => {
      host.dataset['state'] = state;
    },
  });
  const read = () => {
    const command = commandOfHead();
    onCommand(command);
    terminal.show(command?.id ?? null);
  };
  document.addEventListener('htmx:after:swap', read);
  read();
  return terminal;
}

/** The command the head names, where its output is held. */
function commandOfHead(): CommandExecution | null {
  const { command, output } = document.getElementById('terminal-head')?.dataset ?? {};
  if (command === undefined || output !== 'held') return null;
  const value: unknown = JSON.parse(command);
  return Value.Check(CommandExecution, value) ? value : null;
}
