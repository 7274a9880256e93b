// Decides whether a terminal answers the queries of its program, such as for the position of the cursor. xterm answers
// while it accepts input, and every viewer would, also to queries in output that is replayed.
import type { Terminal } from '@xterm/xterm';

/** Control sequences that ask the terminal for a response, by `prefix`, `intermediates` and `final`. */
const CSI_QUERIES = [
  { final: 'c' },
  { prefix: '>', final: 'c' },
  { prefix: '=', final: 'c' },
  { final: 'n' },
  { prefix: '?', final: 'n' },
  { intermediates: '$', final: 'p' },
  { prefix: '?', intermediates: '$', final: 'p' },
  { prefix: '>', final: 'q' },
];
/** Colors, which can be set or asked for. */
const OSC_QUERIES = [4, 10, 11, 12];

/** Suppresses the responses whenever `mayAnswer` returns false. */
export function limitAnswers({ parser }: Terminal, mayAnswer: () => boolean): void {
  for (const id of CSI_QUERIES) parser.registerCsiHandler(id, () => !mayAnswer());
  for (const id of OSC_QUERIES) {
    parser.registerOscHandler(id, (data) => data.includes('?') && !mayAnswer());
  }
  parser.registerDcsHandler({ intermediates: '$', final: 'q' }, () => !mayAnswer());
}
