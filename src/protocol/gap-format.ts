// Describes lost output in the same way in terminals and in static output.
import type { GapReason } from './hub-to-dashboard.ts';
import { formatSize } from './size.ts';

const gapReasons: Record<GapReason, string> = {
  buffer_overflow: 'terminal buffer overflow',
  agent_overflow: 'agent buffer overflow',
  expired: 'no longer available',
  skipped: 'earlier output',
};

/** Describes missing output: `312 KB of output lost: terminal buffer overflow`. */
export function formatGap(gap: { bytes: number; reason: GapReason }): string {
  if (gap.reason === 'skipped') return `${formatSize(gap.bytes)} of earlier output is not shown`;
  const amount = gap.bytes > 0 ? `${formatSize(gap.bytes)} of output lost` : 'Output lost';
  return `${amount}: ${gapReasons[gap.reason]}`;
}
