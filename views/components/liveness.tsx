// When an agent was last seen, when its command last produced output, and whether its process is alive.
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { Timestamp } from './timestamp.tsx';

export function Liveness({ agent }: { agent: AgentSummary }) {
  const { status, connectionTime, lastOutputAt, offlineSince, process, suspectedStuck } = agent;
  if (connectionTime === null) return <span>Never connected</span>;
  const lastHeartbeat = agent.lastHeartbeat ?? connectionTime;
  if (status === 'offline') {
    return (
      <span>
        Offline for <Timestamp at={offlineSince ?? lastHeartbeat} as="age" />
      </span>
    );
  }
  return (
    <>
      <span>
        Last heartbeat <Timestamp at={lastHeartbeat} />
      </span>
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
