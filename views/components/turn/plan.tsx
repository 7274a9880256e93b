// What the program plans to do, as a check-list that is updated in place.
import type { PlanPart } from '../../../src/protocol/turn.ts';

const marks = { pending: '○', running: '▸', completed: '✓' } as const;
const labels = { pending: 'To do', running: 'In progress', completed: 'Done' } as const;

export function Plan({ part: { entries } }: { part: PlanPart }) {
  const done = entries.filter(({ status }) => status === 'completed').length;
  return (
    <section class="plan" aria-label="Plan">
      <p class="plan-head">
        Plan{' '}
        <span>
          {done} of {entries.length} done
        </span>
      </p>
      <ol>
        {entries.map(({ text, status }, index) => (
          <li key={index} class={`plan-${status}`}>
            <span role="img" aria-label={labels[status]}>
              {marks[status]}
            </span>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Whether there is something left to do. */
export function isPlanOpen({ entries }: PlanPart): boolean {
  return entries.some(({ status }) => status !== 'completed');
}
