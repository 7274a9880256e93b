// How commands' output is shown: as it is, as JSON for programs, or line by line behind the name of who wrote it.
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';

export type Show = (message: HubToDashboard) => void;

/** Output as it is; what was lost, in words on stderr. */
export const showPlain: Show = (message) => {
  if (message.type === 'terminal:output') process[message.stream].write(message.data);
  if (message.type === 'terminal:gap') process.stderr.write(`${lost(message)}\n`);
};

/** Every message, a line each. */
export const showJson: Show = (message) => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};

/** Output in whole lines, each behind a name: for several that write at once. */
export function showBehind(name: string): Show {
  let open = '';
  const put = (lines: string) => {
    for (const line of lines.split('\n')) {
      process.stdout.write(`${name} │ ${line.replace(/\r$/, '')}\n`);
    }
  };
  /** Shows what is whole, or all of it. */
  const flush = (end: number) => {
    if (end > 0) put(open.slice(0, end).replace(/\n$/, ''));
    open = open.slice(end);
  };
  return (message) => {
    if (message.type === 'terminal:output') open += message.data;
    flush(open.lastIndexOf('\n') + 1);
    if (message.type === 'terminal:gap') {
      flush(open.length);
      put(lost(message));
    }
    if (message.type === 'terminal:complete') flush(open.length);
  };
}

function lost({ bytes, reason }: HubToDashboard & { type: 'terminal:gap' }): string {
  return `[${bytes} bytes lost: ${reason.replace('_', ' ')}]`;
}
