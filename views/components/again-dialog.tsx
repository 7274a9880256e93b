// The dialog that runs a command again on another agent.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { agentTypeLabels } from '../format/labels.ts';
import { commandUrl } from '../urls.ts';
import { CloseButton, DialogHeader } from './dialog.tsx';
import { Notice } from './notice.tsx';
import { OfflineNotice } from './offline-notice.tsx';

interface AgainDialogProps {
  command: CommandExecution;
  /** The agents that the user may send commands to. */
  agents: AgentSummary[];
  /** The agent that is selected. */
  agentId?: string;
  /** Identifies the request, so that submitting the form twice creates one command. */
  requestId: string;
  error?: string;
  /** Whether the agent is offline: the form offers to queue the command. */
  isOffline?: boolean;
}

const FORM_ID = 'run-elsewhere';

export function AgainDialog(props: AgainDialogProps) {
  const { command, agents, requestId, error, isOffline = false } = props;
  const others = agents.filter(({ agentId }) => agentId !== command.agentId);
  return (
    <form
      id={FORM_ID}
      hx-post={`${commandUrl(command.id)}/again`}
      hx-target="#dialog-body"
      hx-disable="findAll button[type=submit]"
    >
      <input type="hidden" name="requestId" value={requestId} />
      <DialogHeader title="Run on another agent" />
      {error !== undefined && isOffline && <OfflineNotice text={error} formId={FORM_ID} />}
      {error !== undefined && !isOffline && <Notice kind="error" text={error} />}
      {others.length === 0 ? (
        <p>There is no other agent.</p>
      ) : (
        <label class="field">
          <span>Agent</span>
          <select name="agentId">
            {others.map(({ agentId, agentType, status }) => (
              <option key={agentId} value={agentId} selected={agentId === props.agentId}>
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
