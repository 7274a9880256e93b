// A tool call: a line with its title, state and duration, which opens to its input and output. Changes to files are below.
import { formatDuration } from '../../../src/protocol/duration.ts';
import type { ToolPart } from '../../../src/protocol/turn.ts';
import { Icon, type IconName } from '../icons.tsx';
import { Diff } from './diff.tsx';
import { FoldedLines } from './folded-lines.tsx';

interface ToolCallProps {
  part: ToolPart;
  id: string;
  /** Whether the turn has ended, so that nothing of it is still running. */
  hasEnded: boolean;
}

type State = ToolPart['status'] | 'waiting' | 'unfinished';

const icons: Record<State, IconName> = {
  pending: 'minus',
  running: 'play',
  waiting: 'bell',
  unfinished: 'minus',
  completed: 'check',
  failed: 'close',
};

export function ToolCall({ part, id, hasEnded }: ToolCallProps) {
  const { input, output, diffs = [] } = part;
  const state = stateOf(part, hasEnded);
  const line = <ToolLine part={part} state={state} />;
  const hasBody = input !== undefined || output !== undefined;
  return (
    <div class={`tool tool-${state}`}>
      {hasBody ? (
        // A new ID when it fails, so that a line that is already on the page opens.
        <details id={`${id}-${state === 'failed' ? 'failed' : 'tool'}`} open={state === 'failed'}>
          <summary>{line}</summary>
          <div class="tool-body">
            {input !== undefined && <ToolText id={`${id}-input`} label="Input" text={input} />}
            {output !== undefined && <ToolText id={`${id}-output`} label="Output" text={output} />}
          </div>
        </details>
      ) : (
        <p class="tool-line">{line}</p>
      )}
      {/* While it waits for approval, the request shows them. */}
      {state !== 'waiting' &&
        diffs.map((diff, index) => <Diff key={index} diff={diff} id={`${id}-diff-${index}`} />)}
    </div>
  );
}

function stateOf({ status, approval }: ToolPart, hasEnded: boolean): State {
  if (status === 'completed' || status === 'failed') return status;
  if (hasEnded) return 'unfinished';
  return approval?.state === 'waiting' ? 'waiting' : status;
}

function ToolLine({ part, state }: { part: ToolPart; state: State }) {
  return (
    <>
      <Icon name={icons[state]} />
      <span class="tool-title">{part.title}</span>
      <span class="tool-state">{describe(part, state)}</span>
    </>
  );
}

/** The state in words. A call that has completed shows only how long it took. */
function describe({ durationMs, approval }: ToolPart, state: State) {
  const duration = durationMs === undefined ? '' : formatDuration(durationMs);
  const answer =
    approval?.state === 'rejected' && `${approval.option ?? 'Rejected'}${duration && ' · '}`;
  switch (state) {
    case 'pending':
      return 'Waiting';
    case 'running':
      return 'Running';
    case 'waiting':
      return 'Waiting for approval';
    case 'unfinished':
      return 'Not finished';
    case 'completed':
      return (
        <>
          <span class="visually-hidden">Completed in </span>
          {answer}
          {duration}
        </>
      );
    case 'failed':
      return (
        <>
          <strong>Failed</strong>
          {answer ? ` · ${answer}` : duration && ' · '}
          {duration}
        </>
      );
    default:
      return state satisfies never;
  }
}

function ToolText({ id, label, text }: { id: string; label: string; text: string }) {
  return (
    <section class="tool-text">
      <p class="tool-label">{label}</p>
      <FoldedLines id={id} label={label} lines={text.split('\n')}>
        {(lines) => lines.join('\n')}
      </FoldedLines>
    </section>
  );
}
