// Marker lines that the page writes into a terminal. Their style keeps them apart from the command's own output.
import type { TerminalComplete } from '../protocol/hub-to-dashboard.ts';
import { formatSize } from '../protocol/size.ts';

export type MarkerTone = 'info' | 'warning';

export { formatGap } from '../protocol/gap-format.ts';

/** Describes the end of the output: `End of output (2.0 KB)`. */
export function formatEnd({ totalBytes }: Pick<TerminalComplete, 'totalBytes'>): string {
  return totalBytes === 0 ? 'No output' : `End of output (${formatSize(totalBytes)})`;
}

/** Formats a marker on a line of its own. Resets the command's colors before the marker and the marker's after it. */
export function formatMarker(text: string, tone: MarkerTone, isAtLineStart: boolean): string {
  const style = tone === 'warning' ? '\u001b[0;7;33m' : '\u001b[0;2m';
  return `${isAtLineStart ? '' : '\r\n'}${style}\u2500\u2500 ${text} \u2500\u2500\u001b[0m\r\n`;
}
