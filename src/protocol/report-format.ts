// What a turn took and changed, in words: the same on pages, in terminals and on the command line.
import type { Changes, Cost, Usage } from './report.ts';

const whole = new Intl.NumberFormat('en-US');
const compact = new Intl.NumberFormat('en-US', { notation: 'compact' });

/** What a turn cost: `0.0123 USD`, `12.40 USD`. */
export function formatCost({ amount, currency }: Cost): string {
  return `${amount.toFixed(amount < 1 ? 4 : 2)} ${currency}`;
}

/** How much of its context a conversation fills: `12,345 of 200K tokens`. */
export function formatUsage({ used, size }: Usage): string {
  return `${whole.format(used)} of ${compact.format(size)} tokens`;
}

/** The size of a change: `3 files, +120 −4`, or `none`. */
export function formatChanges({ files, added, removed }: Changes): string {
  if (files === 0) return 'none';
  const noun = files === 1 ? 'file' : 'files';
  return `${whole.format(files)} ${noun}, +${whole.format(added)} −${whole.format(removed)}`;
}
