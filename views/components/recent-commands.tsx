// The latest finished commands of an agent, with links to their output.
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { agentUrl, historyUrl } from '../urls.ts';
import { CommandTime } from './command-time.tsx';
import { CommandStatusLabel } from './status.tsx';
import { Timestamp } from './timestamp.tsx';

interface RecentCommandsProps {
  agentId: string;
  /** Newest first. */
  commands: CommandExecution[];
  shownId: string | null;
}

export function RecentCommands({ agentId, commands, shownId }: RecentCommandsProps) {
  return (
    <section id="recent" class="panel" aria-labelledby="recent-title">
      <h2 id="recent-title">
        Recent commands{' '}
        <a class="panel-link" href={historyUrl({ agentId })}>
          View all
        </a>
      </h2>
      {commands.length === 0 && <p class="hint">No commands yet.</p>}
      <ul class="recent">
        {commands.map((command) => (
          <li key={command.id} id={`recent-${command.id}`}>
            <a
              href={agentUrl(agentId, command.id)}
              {...(command.id === shownId && { 'aria-current': 'true' as const })}
            >
              <code class="one-line">{command.command}</code>
              <span class="facts">
                <CommandStatusLabel command={command} />
                <CommandTime command={command} />
                <Timestamp at={command.completedAt ?? command.requestedAt} />
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
