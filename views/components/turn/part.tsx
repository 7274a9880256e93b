// One part of a turn.
import { formatDuration } from '../../../src/protocol/duration.ts';
import type { TurnPart as Part } from '../../../src/protocol/turn.ts';
import { Markdown } from './markdown.tsx';
import { isPlanOpen, Plan } from './plan.tsx';
import { ToolCall } from './tool-call.tsx';

interface TurnPartProps {
  part: Part;
  id: string;
  hasEnded: boolean;
}

export function TurnPart({ part, id, hasEnded }: TurnPartProps) {
  switch (part.type) {
    case 'message':
      return <Markdown text={part.text} id={id} />;
    case 'thought':
      return (
        <details id={`${id}-thought`} class="thought">
          <summary>
            {part.durationMs === undefined && !hasEnded
              ? 'Thinking…'
              : `Thought for ${formatDuration(Math.max(part.durationMs ?? 0, 100))}`}
          </summary>
          <Markdown text={part.text} id={id} />
        </details>
      );
    case 'tool':
      return <ToolCall part={part} id={id} hasEnded={hasEnded} />;
    case 'plan':
      return <Plan part={part} />;
    case 'note':
      return <p class={`turn-note turn-note-${part.tone}`}>{part.text}</p>;
    default:
      return part satisfies never;
  }
}

/** Whether a part stays in view while the turn goes on. */
export function isPinned(part: Part, hasEnded: boolean): boolean {
  return part.type === 'plan' && !hasEnded && isPlanOpen(part);
}
