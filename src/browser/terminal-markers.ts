// Marker lines that the page writes into a terminal. Their style keeps them apart from the command's own output.
import type { GapReason, TerminalComplete } from '../protocol/hub-to-dashboard.ts';
import { formatSize } from '../protocol/size.ts';

export type MarkerTone = 'info' | 'warning';

const gapReasons: Record<GapReason, string> = {
  buffer_overflow: 'terminal buffer overflow',
  agent_overflow: 'agent buffer overflow',
  expired: 'no longer available',
};

/** Describes lost output: `312 KB of output lost: terminal buffer overflow`. */
export function formatGap(gap: { bytes: number; reason: GapReason }): string {
  const amount = gap.bytes > 0 ? `${formatSize(gap.bytes)} of output lost` : 'Output lost';
  return `${amount}: ${gapReasons[gap.reason]}`;
}

/** Describes the end of the output: `End of output (2.0 KB)`. */
export function formatEnd({ totalBytes }: Pick<TerminalComplete, 'totalBytes'>): string {
  return totalBytes === 0 ? 'No output' : `End of output (${formatSize(totalBytes)})`;
}

/** Formats a marker on a line of its own. Resets the command's colors before the marker and the marker's after it. */
export function formatMarker(text: string, tone: MarkerTone, isAtLineStart: boolean): string {
  const style = tone === 'warning' ? '\u001b[0;7;33m' : '\u001b[0;2m';
  return `${isAtLineStart ? '' : '\r\n'}${style}\u2500\u2500 ${text} \u2500\u2500\u001b[0m\r\n`;
}
