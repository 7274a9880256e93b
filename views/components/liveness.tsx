// Whether an agent's heartbeat is late, when its command last produced output, and whether its process is alive.
import { AGENT_PING_MS } from '../../src/protocol/limits.ts';
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { Timestamp } from './timestamp.tsx';

/** A heartbeat is late once another one should have followed it. */
const LATE_MS = 2 * AGENT_PING_MS;

/** @param now the hub's time */
export function Liveness({ agent, now }: { agent: AgentSummary; now: number }) {
  const { status, connectionTime, lastOutputAt, offlineSince, process, suspectedStuck } = agent;
  if (connectionTime === null) return <span class="offline-since">Never connected</span>;
  const lastHeartbeat = agent.lastHeartbeat ?? connectionTime;
  if (status === 'offline') {
    return (
      <span class="offline-since">
        Offline for <Timestamp at={offlineSince ?? lastHeartbeat} as="age" />
      </span>
    );
  }
  return (
    <>
      {now - lastHeartbeat >= LATE_MS && (
        <span class="late">
          Last heartbeat <Timestamp at={lastHeartbeat} />
        </span>
      )}
      {status === 'busy' && lastOutputAt !== null && !suspectedStuck && (
        <span>
          Last output <Timestamp at={lastOutputAt} />
        </span>
      )}
      {status === 'busy' && process && (
        <span>
          Process {process.pid} {process.alive ? 'running' : 'exited'}
        </span>
      )}
      {suspectedStuck && <StuckWarning lastOutputAt={lastOutputAt} />}
    </>
  );
}

function StuckWarning({ lastOutputAt }: Pick<AgentSummary, 'lastOutputAt'>) {
  return (
    <strong class="stuck">
      No output
      {lastOutputAt !== null && (
        <>
          {' '}
          for <Timestamp at={lastOutputAt} as="age" />
        </>
      )}
      , may be stuck
    </strong>
  );
}
