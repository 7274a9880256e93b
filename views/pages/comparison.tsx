// What several agents made of the same prompt, side by side: terminals, time, cost and size of the change.
import type { ComponentChildren } from 'preact';
import type { AgentType } from '../../src/protocol/agent-status.ts';
import { hasEnded } from '../../src/protocol/command-status.ts';
import { type CommandExecution, hasRole } from '../../src/protocol/entities.ts';
import { formatChanges, formatCost, formatUsage } from '../../src/protocol/report-format.ts';
import { agentAddress, compareAddress } from '../addresses.ts';
import { ApprovalCards, type Question } from '../components/approval-card.tsx';
import type { Comparison } from './compare.tsx';
import { ANY_APPROVAL, ofCommand, REFRESH, whenever } from '../events.ts';
import { type Frame, Page, type Reader } from '../components/layout.tsx';
import { duration } from '../format/units.ts';
import { Moment } from '../components/moment.tsx';
import { Partial } from '../components/partial.tsx';
import { TerminalHead, TerminalScreen } from '../components/terminal.tsx';
import { agentTypes } from '../format/labels.ts';

/** A command of a comparison, and what its page needs to know beside it. */
export interface Lane {
  command: CommandExecution;
  output: 'held' | 'expired';
  /** Null where the agent has been revoked since. */
  agentType: AgentType | null;
}

interface ComparisonProps {
  reader: Reader;
  comparison: Comparison;
  lanes: Lane[];
  /** What these commands ask, oldest first. */
  questions: Question[];
}

/** The page at `/compare/:id`. */
export function ComparisonPage(props: ComparisonProps & { frame: Frame }) {
  const { frame, reader, comparison, lanes, questions } = props;
  const { command } = comparison.commands[0];
  return (
    <Page frame={frame} reader={reader} title="Comparison" section="compare" wide>
      <p class="crumbs">
        <a href={compareAddress()}>Compare</a>
      </p>
      <h1 class="visually-hidden">Comparison</h1>
      <pre class="command-text">
        <code>{command}</code>
      </pre>
      <ComparisonWatch comparison={comparison} />
      <div class="lanes">
        {lanes.map((lane) => (
          <section
            key={lane.command.id}
            class="panel terminal-panel lane"
            aria-label={lane.command.agentId}
          >
            <LaneHead lane={lane} lanes={lanes} />
            <LaneAsks lane={lane} reader={reader} questions={questions} />
            <LaneTerminalHead lane={lane} reader={reader} />
            <TerminalScreen lane={lane.command.id} />
          </section>
        ))}
      </div>
    </Page>
  );
}

/** The answer to `/compare/:id/live`: the parts that change. */
export function ComparisonLive({ reader, comparison, lanes, questions }: ComparisonProps) {
  return (
    <>
      {lanes.map((lane) => (
        <>
          <Partial target={`#lane-${lane.command.id}`}>
            <LaneHead lane={lane} lanes={lanes} />
          </Partial>
          <Partial target={`#lane-asks-${lane.command.id}`}>
            <LaneAsks lane={lane} reader={reader} questions={questions} />
          </Partial>
          <Partial target={`#terminal-head-${lane.command.id}`}>
            <LaneTerminalHead lane={lane} reader={reader} />
          </Partial>
        </>
      ))}
      {isOver(comparison) && (
        <Partial target="#comparison-watch">
          <ComparisonWatch comparison={comparison} />
        </Partial>
      )}
    </>
  );
}

function isOver({ commands }: Comparison): boolean {
  return commands.every(({ status }) => hasEnded(status));
}

function ComparisonWatch({ comparison }: { comparison: Comparison }) {
  const { comparisonId, commands } = comparison;
  const events = isOver(comparison)
    ? whenever(REFRESH)
    : `${whenever(...commands.map(({ id }) => ofCommand(id)), ANY_APPROVAL, REFRESH)}, every 10s`;
  return (
    <div
      id="comparison-watch"
      hidden
      hx-get={`${compareAddress(comparisonId)}/live`}
      hx-swap="none"
      hx-trigger={events}
      hx-sync="this:queue last"
    />
  );
}

/** What this agent asks, above its terminal: nothing goes on there until somebody answers. */
function LaneAsks(props: Pick<ComparisonProps, 'reader' | 'questions'> & { lane: Lane }) {
  const { lane, reader, questions } = props;
  const mine = questions.filter(({ approval }) => approval.commandId === lane.command.id);
  return (
    <div id={`lane-asks-${lane.command.id}`} class="lane-asks">
      <ApprovalCards questions={mine} reader={reader} known="command" />
    </div>
  );
}

function LaneHead({ lane, lanes }: { lane: Lane; lanes: Lane[] }) {
  const { command, agentType } = lane;
  return (
    <header id={`lane-${command.id}`} class="lane-head">
      <h2>
        <a class="mono" href={agentAddress(command.agentId, command.id)}>
          {command.agentId}
        </a>{' '}
        <span class="lane-type">{agentType === null ? 'revoked' : agentTypes[agentType]}</span>
      </h2>
      <dl class="lane-facts">
        <Fact name="Time" least={isLeast(command, lanes, timeOf)}>
          <LaneTime command={command} />
        </Fact>
        <Fact name="Cost" least={isOneCurrency(lanes) && isLeast(command, lanes, amountOf)}>
          {command.usage?.cost ? formatCost(command.usage.cost) : 'not told'}
        </Fact>
        <Fact name="Context">{command.usage ? formatUsage(command.usage) : 'not told'}</Fact>
        <Fact name="Change" least={isLeast(command, lanes, sizeOf)}>
          {command.changes ? formatChanges(command.changes) : 'not known'}
        </Fact>
      </dl>
    </header>
  );
}

function LaneTerminalHead({ lane, reader }: { lane: Lane; reader: Reader }) {
  const { command, output } = lane;
  return (
    <TerminalHead
      shown={{ command, output, chosen: false }}
      mayInterrupt={hasRole(reader.role, 'operator')}
      named={false}
      lane={command.id}
    />
  );
}

function LaneTime({ command }: { command: CommandExecution }) {
  const took = timeOf(command);
  if (took !== null) return <>{duration(took)}</>;
  if (command.startedAt === null) return <>not started</>;
  return <Moment at={command.startedAt} as="elapsed" />;
}

type Measure = (command: CommandExecution) => number | null;

const timeOf: Measure = ({ startedAt, completedAt }) =>
  startedAt === null || completedAt === null ? null : completedAt - startedAt;
const amountOf: Measure = ({ usage }) => usage?.cost?.amount ?? null;
const sizeOf: Measure = ({ changes }) => changes && changes.added + changes.removed;

/** Dollars are not credits. */
function isOneCurrency(lanes: Lane[]): boolean {
  return new Set(lanes.flatMap(({ command }) => command.usage?.cost?.currency ?? [])).size === 1;
}

/** Whether this one took least, of at least two that have completed. One that failed fast is no winner. */
function isLeast(command: CommandExecution, lanes: Lane[], measure: Measure): boolean {
  const all = lanes.filter((lane) => lane.command.status === 'completed');
  const values = all.flatMap((lane) => measure(lane.command) ?? []);
  const isAmong = all.some((lane) => lane.command.id === command.id);
  if (!isAmong || values.length < 2 || new Set(values).size < 2) return false;
  return measure(command) === Math.min(...values);
}

function Fact(props: { name: string; least?: boolean; children: ComponentChildren }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd class={props.least ? 'least' : ''}>
        {props.children}
        {props.least && <span class="least-word"> least</span>}
      </dd>
    </div>
  );
}
