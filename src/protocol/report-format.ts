// Formats reports identically on pages, in terminals and on the command line.
import type { Changes, Cost, Usage } from './report.ts';

const whole = new Intl.NumberFormat('en-US');
const compact = new Intl.NumberFormat('en-US', { notation: 'compact' });

/** Formats a cost: `0.0123 USD`, `12.40 USD`. */
export function formatCost({ amount, currency }: Cost): string {
  return `${amount.toFixed(amount < 1 ? 4 : 2)} ${currency}`;
}

/** Formats how much of its context window a conversation uses: `12,345 of 200K tokens`. */
export function formatUsage({ used, size }: Usage): string {
  return `${whole.format(used)} of ${compact.format(size)} tokens`;
}

/** Formats the size of a change: `3 files, +120 −4`, or `no files changed`. */
export function formatChanges({ files, added, removed }: Changes): string {
  if (files === 0) return 'no files changed';
  const noun = files === 1 ? 'file' : 'files';
  return `${whole.format(files)} ${noun}, +${whole.format(added)} −${whole.format(removed)}`;
}
