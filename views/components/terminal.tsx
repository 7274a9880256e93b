// The terminal of one command. Its head is rendered here and swapped as the command moves on;
// the screen below belongs to the island, which reads from its head what to show, and is never swapped.
import { hasEnded } from '../../src/protocol/command-status.ts';
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { agentAddress, commandAddress } from '../addresses.ts';
import { CommandTime } from './command-time.tsx';
import { Icon } from './icons.tsx';
import { InterruptButton } from './interrupt.tsx';
import { CommandStatusWord } from './status.tsx';

/** A command whose output is shown. */
export interface Shown {
  command: CommandExecution;
  output: 'held' | 'expired';
  /** Whether the reader chose it; otherwise the terminal follows what the agent runs. */
  chosen: boolean;
}

interface TerminalHeadProps {
  shown: Shown | null;
  mayInterrupt: boolean;
  /** Whether the command is written here; its own page has it above. */
  named?: boolean;
  /** Where there are several on a page: which of them. */
  lane?: string;
}

/** The id of a terminal's head. */
export function headId(lane?: string): string {
  return lane === undefined ? 'terminal-head' : `terminal-head-${lane}`;
}

/** The head: which command, how it stands, and how to stop it. */
export function TerminalHead({ shown, mayInterrupt, named = true, lane }: TerminalHeadProps) {
  if (!shown) {
    return (
      <div id={headId(lane)} class="terminal-head" data-output="none">
        <p class="terminal-empty">
          Nothing has run here yet. What the next command writes appears here.
        </p>
      </div>
    );
  }
  const { command, output, chosen } = shown;
  return (
    <div
      id={headId(lane)}
      class="terminal-head"
      data-output={output}
      data-command={JSON.stringify(command)}
    >
      <div class="terminal-title">
        <CommandStatusWord status={command.status} />
        <CommandTime command={command} />
        <span class="terminal-tools">
          {chosen && (
            <a class="button button-small" href={agentAddress(command.agentId)}>
              Back to live
            </a>
          )}
          {mayInterrupt && !hasEnded(command.status) && <InterruptButton command={command} />}
        </span>
      </div>
      {named && (
        <p class="terminal-command">
          <span aria-hidden="true">›</span>
          <a href={commandAddress(command.id)} title="This command's page">
            <code class="one-line">{command.command}</code>
          </a>
        </p>
      )}
      <Outcome command={command} />
      {output === 'expired' && (
        <p class="terminal-empty">
          The output of this command is no longer held: the hub keeps it in memory for a while, and
          what was there has been freed or did not outlive a restart. The record of the command
          stays.
        </p>
      )}
    </div>
  );
}

/** Why it failed, where it did. */
function Outcome({ command }: { command: CommandExecution }) {
  if (!command.error) return null;
  return (
    <p class="failure">
      <Icon name="warn" />
      <span>
        {command.error.message} <code>{command.error.code}</code>
      </span>
    </p>
  );
}

/** The screen that the island fills. Without a script there is no live output, and it says so. */
export function TerminalScreen({ lane }: { lane?: string }) {
  return (
    <div
      id={lane === undefined ? 'terminal' : `terminal-${lane}`}
      class="screen"
      data-head={headId(lane)}
      role="region"
      aria-label="Terminal output"
      hx-morph-skip
    >
      <noscript>The terminal needs JavaScript.</noscript>
    </div>
  );
}
