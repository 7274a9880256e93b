// The lines that the page itself writes into a terminal. They are dim and fenced, so that nobody takes them for output.
import type { GapReason, TerminalComplete } from '../protocol/hub-to-dashboard.ts';

const reasons: Record<GapReason, string> = {
  buffer_overflow: 'buffer overflow',
  agent_overflow: 'the agent had to drop it',
  expired: 'no longer held',
};

/** A size for people: `312 KB`, `1.4 MB`; sizes count in 1,024s, as the protocol does. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kilobytes = bytes / 1024;
  if (kilobytes < 1000)
    return `${kilobytes < 10 ? kilobytes.toFixed(1) : Math.round(kilobytes)} KB`;
  return `${(kilobytes / 1024).toFixed(1)} MB`;
}

/** What is lost, and why: `312 KB lost: buffer overflow`. */
export function gapText(gap: { bytes: number; reason: GapReason }): string {
  const amount = gap.bytes > 0 ? `${size(gap.bytes)} lost` : 'Output lost';
  return `${amount}: ${reasons[gap.reason]}`;
}

/** That all output has been seen, and how much it was. */
export function endText({ totalBytes }: Pick<TerminalComplete, 'totalBytes'>): string {
  return totalBytes === 0 ? 'ended without output' : `end of output, ${size(totalBytes)}`;
}

/** A line of the page's own: on a line of its own, in a neutral pen, and the pen put back to plain after it. */
export function ownLine(text: string, tone: 'warning' | 'quiet', atLineStart: boolean): string {
  const pen = tone === 'warning' ? '\u001b[0;7;33m' : '\u001b[0;2m';
  return `${atLineStart ? '' : '\r\n'}${pen}\u2500\u2500 ${text} \u2500\u2500\u001b[0m\r\n`;
}
