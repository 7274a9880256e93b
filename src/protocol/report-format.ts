// Formats reports identically on pages, in terminals and on the command line.
import { hasEnded } from './command-status.ts';
import type { CommandExecution } from './entities.ts';
import type { Changes, ChangesProblem, Cost, Usage } from './report.ts';

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

const PROBLEMS: Record<ChangesProblem, string> = {
  no_repository:
    "The agent's folder is not in a Git repository. Signalbox shows changes of repositories only: run “git init” there.",
  ignored: "The repository ignores the agent's folder, so its changes are not recorded.",
  no_git: "Git is not installed on the agent's machine. Install it to see changes.",
  timeout: "The agent's folder is too large: reading it took too long.",
  failed: "The changes could not be read. See the agent's log.",
};

/** Explains why a command has no changes to show. Null if it has. */
export function explainNoChanges(
  command: Pick<CommandExecution, 'status' | 'changes' | 'changesProblem'>,
): string | null {
  const { status, changes, changesProblem } = command;
  if (changes && changes.files > 0) return null;
  if (!hasEnded(status)) return 'The changes appear when the command has ended.';
  if (changes) return 'No files changed.';
  if (changesProblem) return PROBLEMS[changesProblem];
  return 'The agent did not report what the command changed.';
}
