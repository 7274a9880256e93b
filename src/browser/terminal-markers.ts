// Marker lines that the page writes into a terminal. Their style keeps them apart from the command's own output.
import type { GapReason, TerminalComplete } from '../protocol/hub-to-dashboard.ts';

export type MarkerTone = 'info' | 'warning';

const gapReasons: Record<GapReason, string> = {
  buffer_overflow: 'terminal buffer overflow',
  agent_overflow: 'agent buffer overflow',
  expired: 'no longer available',
};

/** Formats a size: `312 KB`, `1.4 MB`. 1 KB is 1,024 bytes, as in docs/protocol.md. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kilobytes = bytes / 1024;
  if (kilobytes < 1000)
    return `${kilobytes < 10 ? kilobytes.toFixed(1) : Math.round(kilobytes)} KB`;
  return `${(kilobytes / 1024).toFixed(1)} MB`;
}

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
