// What an agent accepts, and what will happen to a command that is sent now.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { Priority } from '../../src/protocol/command-status.ts';
import { agentTypeLabels } from '../format/labels.ts';
import { describeForecast } from '../format/forecast.ts';

interface ComposerHintProps {
  agent: AgentSummary;
  /** The current command first, then the queue. */
  active: CommandExecution[];
}

/** The island reads from the attributes what it completes, and the text of the empty field. */
export function ComposerHint({ agent, active }: ComposerHintProps) {
  const { capabilities } = agent;
  const isLimited = !capabilities.includes('prompt');
  return (
    <div
      id="composer-hint"
      class="composer-hint"
      data-slash={JSON.stringify(listSlashCommands(capabilities))}
      data-descriptions={JSON.stringify(agent.commandDescriptions)}
      data-files={acceptsFiles(agent) ? agent.agentId : undefined}
      data-placeholder={describePlaceholder(agent)}
    >
      <span class={isLimited ? 'composer-accepts' : 'visually-hidden'}>
        {describeAccepted(agent)}{' '}
      </span>
      {Priority.anyOf.map(({ const: priority }) => (
        <span key={priority} class={`forecast forecast-${priority}`}>
          {describeForecast(agent, active, priority)}
        </span>
      ))}
    </div>
  );
}

/** Whether `@` completes files of the agent's folder. */
function acceptsFiles({ capabilities, status }: AgentSummary): boolean {
  return capabilities.includes('files') && status !== 'offline';
}

function describePlaceholder({ agentType, capabilities }: AgentSummary): string {
  const name = agentTypeLabels[agentType];
  if (!capabilities.includes('prompt')) return '!command';
  return capabilities.includes('shell') ? `Ask ${name}, or !command` : `Ask ${name}`;
}

/** Returns the agent's slash commands in alphabetical order. */
function listSlashCommands(capabilities: string[]): string[] {
  return capabilities.filter((name) => name.startsWith('/')).toSorted();
}

function describeAccepted({ capabilities }: AgentSummary): string {
  const [first, ...others] = listSlashCommands(capabilities);
  const kinds = [
    ...(capabilities.includes('prompt') ? ['prompts'] : []),
    ...(capabilities.includes('shell') ? ['shell commands (start with !)'] : []),
    ...(first === undefined
      ? []
      : [others.length === 0 ? first : `${others.length + 1} slash commands (start with /)`]),
  ];
  if (kinds.length === 0) return 'Accepts no commands.';
  if (kinds.length === 1 && capabilities.includes('shell')) {
    return 'Shell commands only (!).';
  }
  return `Accepts ${new Intl.ListFormat('en', { type: 'conjunction' }).format(kinds)}.`;
}
