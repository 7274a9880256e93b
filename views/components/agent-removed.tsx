// Replaces the page of an agent that was removed while the page was open.
import { historyUrl } from '../urls.ts';
import { HxPartial } from './hx-partial.tsx';

export function AgentRemoved({ agentId }: { agentId: string }) {
  return (
    <HxPartial target="#main" swap="innerHTML">
      <div class="empty">
        <h1>This agent was removed</h1>
        <p>
          The commands of <b class="mono">{agentId}</b> stay in the history.
        </p>
        <p class="empty-links">
          <a class="button" href={historyUrl({ agentId })}>
            View its commands
          </a>
          <a class="button" href="/">
            Back to agents
          </a>
        </p>
      </div>
    </HxPartial>
  );
}
