// A command's page: everything that is known of it, and its terminal.
import { hasEnded } from '../../src/protocol/command-status.ts';
import type { Approval } from '../../src/protocol/approvals.ts';
import { type CommandExecution, hasRole } from '../../src/protocol/entities.ts';
import { formatChanges, formatCost, formatUsage } from '../../src/protocol/report-format.ts';
import type { ComponentChildren } from 'preact';
import { agentAddress, commandAddress, compareAddress, historyAddress } from '../addresses.ts';
import { ApprovalAudit, openOf } from '../components/approval-audit.tsx';
import { ApprovalCards } from '../components/approval-card.tsx';
import { ANY_APPROVAL, ofAgent, ofCommand, REFRESH, whenever } from '../events.ts';
import { type Frame, Page, type Reader } from '../components/layout.tsx';
import { duration, shortId } from '../format/units.ts';
import { Moment } from '../components/moment.tsx';
import { Partial } from '../components/partial.tsx';
import { CommandStatusWord, PriorityWord } from '../components/status.tsx';
import { TerminalHead, TerminalScreen } from '../components/terminal.tsx';

interface CommandProps {
  reader: Reader;
  command: CommandExecution;
  output: 'held' | 'expired';
  /** Everything it asked, oldest first. */
  approvals: Approval[];
}

/** The page at `/commands/:id`. */
export function CommandPage(props: CommandProps & { frame: Frame }) {
  const { frame, reader, command, output, approvals } = props;
  return (
    <Page frame={frame} reader={reader} title={firstLine(command.command)} section="history">
      <p class="crumbs">
        <a href="/history">History</a> <span aria-hidden="true">/</span>{' '}
        <a class="mono" href={agentAddress(command.agentId)}>
          {command.agentId}
        </a>
      </p>
      <h1 class="visually-hidden">Command</h1>
      <pre class="command-text">
        <code>{command.command}</code>
      </pre>
      <CommandWatch command={command} />
      <CommandFields command={command} />
      <CommandAsks {...{ reader, command, approvals }} />
      <section class="panel terminal-panel" aria-label="Terminal">
        <TerminalHead
          shown={{ command, output, chosen: false }}
          mayInterrupt={hasRole(reader.role, 'operator')}
          named={false}
        />
        <TerminalScreen />
      </section>
      <ApprovalAudit approvals={approvals} status={command.status} />
    </Page>
  );
}

/** The answer to `/commands/:id/live`: the parts that change. */
export function CommandLive({ reader, command, output, approvals }: CommandProps) {
  return (
    <>
      <Partial target="#command-fields">
        <CommandFields command={command} />
      </Partial>
      <Partial target="#command-asks">
        <CommandAsks {...{ reader, command, approvals }} />
      </Partial>
      <Partial target="#approval-audit">
        <ApprovalAudit approvals={approvals} status={command.status} />
      </Partial>
      <Partial target="#terminal-head">
        <TerminalHead
          shown={{ command, output, chosen: false }}
          mayInterrupt={hasRole(reader.role, 'operator')}
          named={false}
        />
      </Partial>
      {hasEnded(command.status) && (
        <Partial target="#command-watch">
          <CommandWatch command={command} />
        </Partial>
      )}
    </>
  );
}

/** A command that has ended changes no more, but for its output, which may be freed. */
function CommandWatch({ command }: { command: CommandExecution }) {
  const live = { 'hx-get': `${commandAddress(command.id)}/live`, 'hx-swap': 'none' };
  const events = hasEnded(command.status)
    ? whenever(REFRESH)
    : `${whenever(ofCommand(command.id), ofAgent(command.agentId), ANY_APPROVAL, REFRESH)}, every 10s`;
  return <div id="command-watch" hidden hx-trigger={events} hx-sync="this:queue last" {...live} />;
}

/** Its open questions. */
function CommandAsks({ reader, command, approvals }: Omit<CommandProps, 'output'>) {
  const open = openOf({ approvals, status: command.status });
  return (
    <section id="command-asks" aria-label="Open questions">
      <ApprovalCards
        questions={open.map((approval) => ({ approval, command }))}
        reader={reader}
        known="command"
      />
    </section>
  );
}

function CommandFields({ command }: { command: CommandExecution }) {
  const { startedAt, completedAt, requestedAt } = command;
  return (
    <dl id="command-fields" class="fields">
      <Field name="Status">
        <CommandStatusWord status={command.status} />
      </Field>
      <Field name="Exit code">{command.exitCode ?? 'none'}</Field>
      {command.signal !== null && <Field name="Ended by">{command.signal}</Field>}
      <Field name="Duration">
        {startedAt !== null && completedAt !== null
          ? duration(completedAt - startedAt)
          : 'none yet'}
      </Field>
      <Field name="Waited">
        {startedAt === null ? 'not started' : duration(startedAt - requestedAt)}
      </Field>
      <Field name="Priority">
        <PriorityWord priority={command.priority} />
      </Field>
      <Field name="Requested by">{command.requestedBy}</Field>
      <Field name="Requested">
        <Moment at={requestedAt} as="clock" />
      </Field>
      <Field name="Started">
        {startedAt === null ? 'never' : <Moment at={startedAt} as="clock" />}
      </Field>
      <Field name="Ended">
        {completedAt === null ? 'not yet' : <Moment at={completedAt} as="clock" />}
      </Field>
      <Field name="Time limit">{duration(command.timeoutMs)}</Field>
      {!command.command.startsWith('!') && (
        <Field name="Conversation">
          <Conversation command={command} />
        </Field>
      )}
      {command.usage && <Field name="Context">{formatUsage(command.usage)}</Field>}
      {command.usage?.cost && <Field name="Cost">{formatCost(command.usage.cost)}</Field>}
      {command.changes && <Field name="Change">{formatChanges(command.changes)}</Field>}
      {command.comparisonId !== null && (
        <Field name="Comparison">
          <a href={compareAddress(command.comparisonId)}>Side by side</a>
        </Field>
      )}
      <Field name="Id">
        <code class="id">{command.id}</code>
      </Field>
    </dl>
  );
}

/** Which conversation it belongs to, once its program has said so: the way to all that was said in it. */
function Conversation({ command }: { command: CommandExecution }) {
  const { conversationId, session } = command;
  const how = session === 'new' ? 'New' : 'Continued';
  if (conversationId === null) return <>{how}</>;
  return (
    <a href={historyAddress({ conversationId })} title={conversationId}>
      {how} <code>{shortId(conversationId)}</code>
    </a>
  );
}

function Field({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function firstLine(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
