// What an agent currently accepts, below the form that sends commands.
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { SubmitShortcut } from './command-field.tsx';

/** The island reads the slash commands to complete from `data-slash`. */
export function ComposerHint({ agent }: { agent: AgentSummary }) {
  const slashCommands = listSlashCommands(agent.capabilities);
  return (
    <p id="composer-hint" class="composer-hint" data-slash={JSON.stringify(slashCommands)}>
      {agent.status === 'offline' ? (
        <>
          <b>{agent.agentId} is offline.</b> You can queue commands until it is online.
        </>
      ) : (
        <>
          {describeCapabilities(agent)} <SubmitShortcut />
        </>
      )}
    </p>
  );
}

/** Returns the agent's slash commands in alphabetical order. */
function listSlashCommands(capabilities: string[]): string[] {
  return capabilities.filter((name) => name.startsWith('/')).toSorted();
}

function describeCapabilities({ capabilities, notice }: AgentSummary): string {
  const acceptsPrompts = capabilities.includes('prompt');
  const accepted = describeAccepted(capabilities);
  return acceptsPrompts || notice === null ? accepted : `${accepted} See the notice above.`;
}

function describeAccepted(capabilities: string[]): string {
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
    return 'Shell commands only (start with !).';
  }
  return `Accepts ${new Intl.ListFormat('en', { type: 'conjunction' }).format(kinds)}.`;
}
