// Handles the messages of connected agents.
import type {
  AgentOutput,
  AgentToHub,
  CommandFinished,
  TurnUpdate,
} from '../../protocol/agent-to-hub.ts';
import { pickFields } from '../../protocol/pick-fields.ts';
import { CommandReport } from '../../protocol/report.ts';
import type { Approvals } from '../approvals.ts';
import type { FileChangesPart } from '../commands/file-changes.ts';
import type { Progress } from '../commands/progress.ts';
import type { HubContext } from '../context.ts';
import { type Link, sendToAgent } from '../link.ts';
import type { Presence } from '../presence.ts';
import { type AgentConnection, holdsCommand } from '../state/agent.ts';
import type { Terminals } from '../terminals/terminals.ts';
import type { Turns } from '../turns.ts';
import type { Agents } from './agents.ts';
import type { AgentFiles } from './files.ts';

export interface AgentMessagesParts {
  agents: Agents;
  approvals: Approvals;
  files: Pick<AgentFiles, 'receive'>;
  fileChanges: FileChangesPart;
  presence: Presence;
  progress: Progress;
  terminals: Terminals;
  turns: Turns;
}

export function createAgentMessages({ state, clock, log }: HubContext, parts: AgentMessagesParts) {
  const { agents, approvals, fileChanges, files, presence, progress, terminals, turns } = parts;
  /** The commands of each connection whose result is being committed. */
  const finishing = new WeakMap<Link, Set<string>>();

  /**
   * Commits a result, then acknowledges it on the connection it came from. While it is committed, repetitions on this
   * connection are ignored.
   */
  async function finish(agent: AgentConnection, link: Link, message: CommandFinished) {
    const { commandId } = message;
    const ofLink = finishing.getOrInsert(link, new Set());
    if (ofLink.has(commandId)) return;
    ofLink.add(commandId);
    try {
      const stored = fileChanges.whenStored(commandId);
      if (stored) await stored;
      await progress.handleFinished(agent, message);
    } finally {
      ofLink.delete(commandId);
    }
    sendToAgent(link, { type: 'command:acknowledged', commandId });
  }

  function receiveOutput(agent: AgentConnection, link: Link, message: AgentOutput) {
    const { commandId, sequence, stream, data } = message;
    const buffer = state.terminalBuffers.get(commandId);
    agent.lastOutputAt = clock.now();
    if (buffer && !buffer.isSealed) buffer.write(sequence, stream, data);
    else void acknowledgeUnwanted(link, commandId, sequence);
  }

  /** Updates of a command that the hub has ended are not needed: its turn is shown as terminal text. */
  function receiveTurn(agent: AgentConnection, link: Link, message: TurnUpdate) {
    const { current } = agent;
    const { commandId, sequence } = message;
    if (current?.id === commandId && !current.completion) return turns.receive(agent, message);
    sendToAgent(link, { type: 'turn:ack', commandId, nextSequence: sequence + 1 });
  }

  /**
   * Acknowledges output that the hub discards: otherwise, an agent with a lot of it would never send its result. What the
   * hub has received before is committed first, because the agent forgets what is acknowledged.
   */
  async function acknowledgeUnwanted(link: Link, commandId: string, sequence: number) {
    await terminals.flush(commandId);
    sendToAgent(link, { type: 'output:ack', commandId, nextSequence: sequence + 1 });
  }

  function logFailure(work: Promise<void>, { type }: AgentToHub, { agentId }: AgentConnection) {
    work.catch((error: unknown) => {
      log.error('Could not handle an agent message.', { agentId, type, error });
    });
  }

  /** Handles one message. Messages on a replaced connection, or about commands the agent does not hold, are ignored. */
  return function receive(link: Link, message: AgentToHub): void {
    const agent = agents.find(link);
    if (!agent) return;
    const { current } = agent;
    switch (message.type) {
      case 'agent:connect':
        return;
      case 'agent:capabilities':
        agent.capabilities = message.capabilities;
        agent.descriptions = message.descriptions ?? {};
        agent.notice = message.notice ?? null;
        return presence.publishUpdate(agent);
      case 'agent:heartbeat':
        agent.process = message.process ?? null;
        return;
      case 'command:started':
        if (current?.id === message.commandId && current.status === 'queued') {
          progress.handleStarted(current);
        }
        return;
      case 'terminal:output':
        if (!holdsCommand(agent, message.commandId)) return;
        return receiveOutput(agent, link, message);
      case 'terminal:gap':
        if (!holdsCommand(agent, message.commandId)) return;
        state.terminalBuffers.get(message.commandId)?.addGap(message.nextSequence, message.bytes);
        return;
      case 'command:report':
        if (current?.id === message.commandId)
          progress.handleReport(current, pickFields(CommandReport, message));
        return;
      case 'turn:update':
        if (!holdsCommand(agent, message.commandId)) return;
        return receiveTurn(agent, link, message);
      case 'command:changes':
        if (holdsCommand(agent, message.commandId)) fileChanges.receive(message);
        return;
      case 'command:finished':
        return logFailure(finish(agent, link, message), message, agent);
      case 'changes:reverted':
        return fileChanges.receiveReverted(link, message);
      case 'approval:request':
        if (current?.id !== message.commandId) return;
        return logFailure(approvals.request(agent, message), message, agent);
      case 'approval:applied':
        return logFailure(approvals.confirm(agent, message.approvalId), message, agent);
      case 'files:listed':
        return files.receive(link, message);
      default:
        message satisfies never;
    }
  };
}
