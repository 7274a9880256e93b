// Time, cost, context and changes of one command in a comparison, with the best values marked.
import type { ComponentChildren } from 'preact';
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { formatCost, formatUsage } from '../../src/protocol/report-format.ts';
import { formatRunTime, getRunTime } from '../format/command-state.ts';
import { formatChangedFiles, UNKNOWN } from '../format/units.ts';
import { Timestamp } from './timestamp.tsx';

interface FactsProps {
  command: CommandExecution;
  /** All commands of the comparison, this one included. */
  commands: CommandExecution[];
}

export function ComparisonFacts({ command, commands }: FactsProps) {
  const { usage, changes } = command;
  // Only completed commands are compared: one that failed or was interrupted early is not the fastest or cheapest.
  const completed = commands.filter(({ status }) => status === 'completed');
  const isFastest = isLowest(command, completed, getRunTime);
  const isCheapest = hasOneCurrency(completed) && isLowest(command, completed, getCost);
  const isSmallest = isLowest(command, completed, getChangedLines);
  return (
    <dl class="comparison-facts">
      <Fact name="Time" bestLabel={isFastest && 'fastest'}>
        <RunTime command={command} />
      </Fact>
      <Fact name="Cost" bestLabel={isCheapest && 'cheapest'}>
        {usage?.cost ? formatCost(usage.cost) : UNKNOWN}
      </Fact>
      <Fact name="Context">{usage ? formatUsage(usage) : UNKNOWN}</Fact>
      <Fact name="Changes" bestLabel={isSmallest && 'smallest'}>
        {changes ? formatChangedFiles(changes) : UNKNOWN}
      </Fact>
    </dl>
  );
}

function RunTime({ command }: { command: CommandExecution }) {
  const { startedAt, completedAt } = command;
  if (startedAt !== null && completedAt === null) return <Timestamp at={startedAt} as="elapsed" />;
  return <>{formatRunTime(command)}</>;
}

type Measure = (command: CommandExecution) => number | null;

const getCost: Measure = ({ usage }) => usage?.cost?.amount ?? null;
/** Null for a command that changed no files, so that it is not marked as the smallest change. */
const getChangedLines: Measure = ({ changes }) =>
  changes && changes.files > 0 ? changes.added + changes.removed : null;

/** Costs in different currencies cannot be compared. */
function hasOneCurrency(commands: CommandExecution[]): boolean {
  return new Set(commands.flatMap(({ usage }) => usage?.cost?.currency ?? [])).size === 1;
}

/** Whether a command has the lowest value of all `competitors`. False if their values are all equal. */
function isLowest(
  command: CommandExecution,
  competitors: CommandExecution[],
  measure: Measure,
): boolean {
  const values = competitors.flatMap((one) => measure(one) ?? []);
  const isCompeting = competitors.some(({ id }) => id === command.id);
  if (!isCompeting || new Set(values).size < 2) return false;
  return measure(command) === Math.min(...values);
}

function Fact(props: { name: string; bestLabel?: string | false; children: ComponentChildren }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd class={props.bestLabel ? 'best' : ''}>
        {props.children}
        {props.bestLabel && <span class="best-label"> {props.bestLabel}</span>}
      </dd>
    </div>
  );
}
