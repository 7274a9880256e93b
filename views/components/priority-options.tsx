// The choices of a priority.
import type { Priority } from '../../src/protocol/command-status.ts';
import { priorityLabels } from '../format/labels.ts';

export function PriorityOptions({ selected }: { selected: Priority }) {
  return (
    <>
      {Object.entries(priorityLabels).map(([priority, label]) => (
        <option key={priority} value={priority} selected={priority === selected}>
          {label}
        </option>
      ))}
    </>
  );
}
