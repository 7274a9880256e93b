// Signal lamps. A status is never told by colour alone: the lamp that is lit, its shape and the word beside it say it too.
import type { CommandStatus, Priority } from '../../src/protocol/command-status.ts';
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { type AgentLamp, agentLamps, commandStatuses, priorities } from '../format/labels.ts';

/** The lamp of an agent. One that is away shows that first: no answer reaches it now. */
export function lampOf(agent: Pick<AgentSummary, 'status' | 'waitingForApproval'>): AgentLamp {
  return agent.waitingForApproval && agent.status !== 'offline' ? 'waiting' : agent.status;
}

/**
 * A signal head: bottom lamp lit is online, middle is busy, top with a question mark waits for approval,
 * none (a ring with a bar) is offline.
 */
export function SignalHead({ lamp }: { lamp: AgentLamp }) {
  return (
    <svg class={`head head-${lamp}`} viewBox="0 0 28 60" width="28" height="60" aria-hidden="true">
      <rect class="head-case" x="1" y="1" width="26" height="58" rx="13" />
      <circle class="lamp lamp-top" cx="14" cy="14" r="6.5" />
      <circle class="lamp lamp-middle" cx="14" cy="30" r="6.5" />
      <circle class="lamp lamp-bottom" cx="14" cy="46" r="6.5" />
      {lamp === 'offline' && <path class="head-bar" d="M8 30h12" />}
      {lamp === 'waiting' && (
        <path class="head-ask" d="M11.8 12a2.3 2.3 0 1 1 3.3 2.1q-1.1.5-1.1 1.6m0 2.2v.2" />
      )}
    </svg>
  );
}

/** An agent's status as a word with its lamp. */
export function AgentStatusWord({ lamp }: { lamp: AgentLamp }) {
  return (
    <span class={`word word-${lamp}`}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
        {lamp === 'online' && <circle cx="6" cy="6" r="5" class="fill" />}
        {lamp === 'busy' && <path d="M6 .8 11.4 11H.6z" class="fill" />}
        {lamp === 'waiting' && <path d={ASKS} class="stroke" />}
        {lamp === 'offline' && (
          <path d="M6 1.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6M3.4 6h5.2" class="stroke" />
        )}
      </svg>
      {agentLamps[lamp]}
    </span>
  );
}

/** A question mark on a grid of 12. */
const ASKS = 'M3.6 3.6a2.4 2.4 0 1 1 3.7 2.0q-1.3.8-1.3 2.1m0 2.5v.1';

/** The mark of an open question. */
export function WaitingMark() {
  return (
    <span class="word word-waiting">
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
        <path d={ASKS} class="stroke" />
      </svg>
    </span>
  );
}

const marks: Record<CommandStatus, { d: string; kind: 'fill' | 'stroke' }> = {
  queued: { d: 'M7 1.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M7 4v3.2l2 1.3', kind: 'stroke' },
  running: { d: 'M3.5 2.2v9.6L12 7z', kind: 'fill' },
  completed: { d: 'm2.2 7.6 3.2 3.2 6.4-7', kind: 'stroke' },
  failed: { d: 'm3 3 8 8m0-8-8 8', kind: 'stroke' },
  interrupted: { d: 'M3 3h8v8H3z', kind: 'fill' },
};

/** A command's status: a mark of its own shape, and the word. */
export function CommandStatusWord({ status }: { status: CommandStatus }) {
  const mark = marks[status];
  return (
    <span class={`word word-${status}`}>
      <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
        <path d={mark.d} class={mark.kind} />
      </svg>
      {commandStatuses[status]}
    </span>
  );
}

/** A priority: one to three bars, and the word. */
export function PriorityWord({ priority }: { priority: Priority }) {
  const bars = { low: 1, normal: 2, high: 3 }[priority];
  return (
    <span class={`priority priority-${priority}`}>
      <svg viewBox="0 0 14 12" width="14" height="12" aria-hidden="true">
        {[0, 1, 2].map((bar) => (
          <rect
            key={bar}
            class={bar < bars ? 'on' : 'off'}
            x={bar * 5}
            y={8 - bar * 3.5}
            width="3.4"
            height={4 + bar * 3.5}
            rx="1"
          />
        ))}
      </svg>
      {priorities[priority]}
    </span>
  );
}
