// The properties of a command, on its own page.
import type { ComponentChildren } from 'preact';
import { formatDuration } from '../../src/protocol/duration.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { formatCost, formatUsage } from '../../src/protocol/report-format.ts';
import { compareUrl, historyUrl } from '../urls.ts';
import { formatRunTime } from '../format/command-state.ts';
import { shortenId, UNKNOWN } from '../format/units.ts';
import { ChangesLink } from './changes/changes-link.tsx';
import { CommandStatusLabel, PriorityLabel } from './status.tsx';
import { Timestamp } from './timestamp.tsx';

interface CommandFieldsProps {
  command: CommandExecution;
  /** Null if it has been removed. */
  agent: AgentSummary | null;
}

export function CommandFields({ command, agent }: CommandFieldsProps) {
  const { startedAt, requestedAt, usage, changes } = command;
  // Its exit code and signal only show how the agent stopped it.
  const hasTimedOut = command.error?.code === 'timeout';
  return (
    <dl id="command-fields" class="fields">
      <Field name="Status">
        <CommandStatusLabel command={command} agent={agent} />
      </Field>
      {!hasTimedOut && <Field name="Exit code">{command.exitCode ?? UNKNOWN}</Field>}
      {!hasTimedOut && command.signal !== null && <Field name="Signal">{command.signal}</Field>}
      <Field name="Duration">{formatRunTime(command)}</Field>
      <Field name="Time in queue">
        {startedAt === null ? UNKNOWN : formatDuration(startedAt - requestedAt)}
      </Field>
      <Field name="Priority">
        <PriorityLabel priority={command.priority} />
      </Field>
      <Field name="Requested by">{command.requestedBy}</Field>
      <Field name="Requested">
        <Time at={requestedAt} />
      </Field>
      <Field name="Started">
        <Time at={startedAt} />
      </Field>
      <Field name="Finished">
        <Time at={command.completedAt} />
      </Field>
      <Field name="Timeout">{formatDuration(command.timeoutMs)}</Field>
      {!command.command.startsWith('!') && (
        <Field name="Conversation">
          <Conversation command={command} />
        </Field>
      )}
      {usage && <Field name="Context">{formatUsage(usage)}</Field>}
      {usage?.cost && <Field name="Cost">{formatCost(usage.cost)}</Field>}
      {changes && (
        <Field name="Changes">
          <ChangesLink command={command} />
        </Field>
      )}
      {command.comparisonId !== null && (
        <Field name="Comparison">
          <a href={compareUrl(command.comparisonId)}>View comparison</a>
        </Field>
      )}
      <Field name="Command ID">
        <code class="id">{command.id}</code>
      </Field>
    </dl>
  );
}

/** Links to all commands of the conversation, once the AI program has reported its ID. */
function Conversation({ command }: { command: CommandExecution }) {
  const { conversationId, session } = command;
  const label = session === 'new' ? 'New' : 'Continued';
  if (conversationId === null) return <>{label}</>;
  return (
    <a href={historyUrl({ conversationId })} title={conversationId}>
      {label} <code>{shortenId(conversationId)}</code>
    </a>
  );
}

function Time({ at }: { at: number | null }) {
  return at === null ? <>{UNKNOWN}</> : <Timestamp at={at} as="clock" />;
}

function Field({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
