// The signs of life of an agent and of what it runs, each with its age: what is known, and how old that is.
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { Moment } from './moment.tsx';

/** What was last heard of an agent, as a run of facts. */
export function Signs({ agent }: { agent: AgentSummary }) {
  const { status, lastHeartbeat, lastOutputAt, offlineSince, process } = agent;
  if (lastHeartbeat === null) return <span>Never connected</span>;
  if (status === 'offline') {
    return (
      <span>
        Away since <Moment at={offlineSince ?? lastHeartbeat} />
      </span>
    );
  }
  return (
    <>
      <span>
        Heartbeat <Moment at={lastHeartbeat} />
      </span>
      {status === 'busy' && lastOutputAt !== null && (
        <span>
          Output <Moment at={lastOutputAt} />
        </span>
      )}
      {status === 'busy' && process && (
        <span>
          Process {process.pid} {process.alive ? 'runs' : 'is gone'}
        </span>
      )}
      {agent.suspectedStuck && <strong class="stuck">Silent for long: perhaps stuck</strong>}
    </>
  );
}
