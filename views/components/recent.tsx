// The commands an agent ran last, each a way back to its output.
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { agentAddress, historyAddress } from '../addresses.ts';
import { CommandTime } from './command-time.tsx';
import { Moment } from './moment.tsx';
import { CommandStatusWord } from './status.tsx';

interface RecentProps {
  agentId: string;
  commands: CommandExecution[];
  shownId: string | null;
}

/** The recent commands of one agent, newest first. */
export function Recent({ agentId, commands, shownId }: RecentProps) {
  return (
    <section id="recent" class="panel" aria-labelledby="recent-title">
      <h2 id="recent-title">
        Recent{' '}
        <a class="panel-more" href={historyAddress({ agentId })}>
          All history
        </a>
      </h2>
      {commands.length === 0 && <p class="quiet">What this agent has run will be listed here.</p>}
      <ul class="recent">
        {commands.map((command) => (
          <li key={command.id} id={`recent-${command.id}`}>
            <a
              href={agentAddress(agentId, command.id)}
              {...(command.id === shownId && { 'aria-current': 'true' as const })}
            >
              <code class="one-line">{command.command}</code>
              <span class="facts">
                <CommandStatusWord status={command.status} />
                <CommandTime command={command} />
                <Moment at={command.completedAt ?? command.requestedAt} />
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
