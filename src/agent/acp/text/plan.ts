// Formats an AI program's plan: the whole list at first, later only the entries whose status has changed.
import type { PlanEntry } from '@agentclientprotocol/sdk';
import { firstLine } from './sanitize.ts';
import { bold, cyan, green } from './style.ts';

export function formatPlan(entries: readonly PlanEntry[], before: readonly PlanEntry[]): string {
  const statusBefore = new Map(before.map((entry) => [entry.content, entry.status]));
  const isSamePlan = entries.every((entry) => statusBefore.has(entry.content));
  const changed = isSamePlan
    ? entries.filter((entry) => statusBefore.get(entry.content) !== entry.status)
    : entries;
  if (changed.length === 0) return '';
  const header = isSamePlan ? '' : `${bold('Plan')}\n`;
  return header + changed.map((entry) => `  ${formatEntry(entry)}\n`).join('');
}

function formatEntry({ content, status }: PlanEntry): string {
  const text = firstLine(content);
  if (status === 'completed') return green(`✓ ${text}`);
  return status === 'in_progress' ? cyan(`▸ ${bold(text)}`) : `○ ${text}`;
}
