// Joins the terminals to the page: the head that the server renders above each says which command it shows.
import { Value } from '@sinclair/typebox/value';
import { CommandExecution } from '../protocol/entities.ts';
import type { Body } from '../protocol/message.ts';
import type { DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import { createScreen } from './xterm-display.ts';
import { createTerminal, type TerminalView } from './terminal-subscription.ts';

interface PageTerminalsOptions {
  send(message: Body<DashboardToHub>): boolean;
  /** The head of the first one names another command, or knows more of the same one. */
  onCommand(command: CommandExecution | null): void;
}

/** The terminals of this page, in their order. */
export function openPageTerminals({ send, onCommand }: PageTerminalsOptions): TerminalView[] {
  const hosts = [...document.querySelectorAll<HTMLElement>('.screen[data-head]')];
  const terminals = hosts.map((host) => openTerminal(host, send));
  const read = () => {
    for (const [index, { host, display, view }] of terminals.entries()) {
      const command = commandOfHead(host.dataset['head'] ?? '');
      if (index === 0) onCommand(command);
      // A prompt is answered in text; what a shell command writes is left as it is.
      display.wrapsWords(command !== null && !command.command.startsWith('!'));
      view.show(command?.id ?? null);
    }
  };
  document.addEventListener('htmx:after:swap', read);
  read();
  return terminals.map(({ view }) => view);
}

function openTerminal(host: HTMLElement, send: PageTerminalsOptions['send']) {
  const display = createScreen(host, () => view.drawn());
  const view: TerminalView = createTerminal({
    display,
    send,
    onState: (state) => {
      host.dataset['state'] = state;
    },
  });
  return { host, display, view };
}

/** The command that a head names, where its output is held. */
function commandOfHead(id: string): CommandExecution | null {
  const { command, output } = document.getElementById(id)?.dataset ?? {};
  if (command === undefined || output !== 'held') return null;
  const value: unknown = JSON.parse(command);
  return Value.Check(CommandExecution, value) ? value : null;
}
