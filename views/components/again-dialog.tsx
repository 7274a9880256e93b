// The dialog that runs a command again on another agent.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { agentTypeLabels } from '../format/labels.ts';
import { commandUrl } from '../urls.ts';
import { CloseButton, DialogHeader } from './dialog.tsx';
import { Notice } from './notice.tsx';

interface AgainDialogProps {
  command: CommandExecution;
  /** The agents that the user may send commands to. */
  agents: AgentSummary[];
  error?: string;
}

export function AgainDialog({ command, agents, error }: AgainDialogProps) {
  const others = agents.filter(({ agentId }) => agentId !== command.agentId);
  return (
    <form hx-post={`${commandUrl(command.id)}/again`} hx-target="#dialog-body">
      <DialogHeader title="Run on another agent" />
      {error !== undefined && <Notice kind="error" text={error} />}
      {others.length === 0 ? (
        <p>There is no other agent.</p>
      ) : (
        <label class="field">
          <span>Agent</span>
          <select name="agentId">
            {others.map(({ agentId, agentType, status }) => (
              <option key={agentId} value={agentId}>
                {`${agentId} (${agentTypeLabels[agentType]}, ${status})`}
              </option>
            ))}
          </select>
        </label>
      )}
      <pre class="again-command">{command.command}</pre>
      <div class="dialog-footer">
        <CloseButton>Cancel</CloseButton>
        {others.length > 0 && (
          <button class="button button-primary" type="submit">
            Run
          </button>
        )}
      </div>
    </form>
  );
}
