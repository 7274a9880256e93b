// Interactive terminals: passes keystrokes to agents, and decides whose window the size of a terminal follows
// (docs/protocol.md, "Interactive terminals").
import { runsOnTerminal } from '../../protocol/capabilities.ts';
import type { CommandInput, TerminalResize } from '../../protocol/dashboard-to-hub.ts';
import { HubError } from '../../protocol/errors.ts';
import { INITIAL_TERMINAL_SIZE } from '../../protocol/terminal-size.ts';
import type { HubContext } from '../context.ts';
import { maySee } from '../grants.ts';
import type { HubToAgent } from '../../protocol/hub-to-agent.ts';
import type { Unversioned } from '../../protocol/message.ts';
import { sendToAgent, sendToDashboard } from '../link.ts';
import { type AgentConnection, isConnected } from '../state/agent.ts';
import type { DashboardConnection } from '../state/dashboard.ts';
import type { Execution } from '../state/execution.ts';
import { findExecution } from '../state/server-state.ts';

/** The size of a command's terminal, and the dashboard whose window it follows. */
interface TerminalShape {
  cols: number;
  rows: number;
  owner: DashboardConnection | null;
}

export type TerminalInput = ReturnType<typeof createTerminalInput>;

/** What is sent to the terminal of a command. */
export type TerminalMessage = Extract<
  Unversioned<HubToAgent>,
  { type: 'command:input' | 'terminal:resize' }
>;

/** @param sendToOwner sends a message to an agent that is connected to another hub */
export function createTerminalInput(
  { state, audit, ownership }: HubContext,
  sendToOwner: (agentId: string, message: TerminalMessage) => Promise<void>,
) {
  const shapes = new WeakMap<Execution, TerminalShape>();
  /** The users who have typed into the terminal of each command. */
  const typists = new WeakMap<Execution, Set<string>>();

  function shapeOf(execution: Execution): TerminalShape {
    const size = state.agents.get(execution.agentId)?.terminalSize ?? INITIAL_TERMINAL_SIZE;
    const shape = shapes.get(execution) ?? { ...size, owner: null };
    shapes.set(execution, shape);
    return shape;
  }

  /** Records the first input of a user to a command, not every key. */
  function recordInput(dashboard: DashboardConnection, execution: Execution) {
    const users = typists.get(execution) ?? new Set();
    typists.set(execution, users);
    if (users.has(dashboard.userId)) return;
    users.add(dashboard.userId);
    void audit.recordEventually(dashboard, { action: 'terminal.input', target: execution.id });
  }

  /** Whether a command runs, or will run, on a terminal that accepts input. */
  const hasTerminal = ({ command, agentId }: Execution): boolean =>
    runsOnTerminal(command, state.agents.get(agentId)?.capabilities ?? []);

  /** @throws {HubError} command_not_active, invalid_command */
  function requireTerminal(
    dashboard: DashboardConnection,
    commandId: string,
  ): { execution: Execution; agent: AgentConnection } {
    const execution = findExecution(state, commandId);
    const agent = execution && state.agents.get(execution.agentId);
    const isRunning = execution?.status === 'running' && agent && isConnected(agent);
    if (!isRunning || !maySee(state, dashboard, execution.agentId)) {
      throw new HubError('command_not_active', 'The command is not running.');
    }
    if (!hasTerminal(execution)) {
      throw new HubError(
        'invalid_command',
        'This command does not accept input. Shell commands do if the agent is started with --pty.',
      );
    }
    return { execution, agent };
  }

  function send({ agentId, connection }: AgentConnection, message: TerminalMessage) {
    if (!connection.link) return sendToOwner(agentId, message);
    sendToAgent(connection.link, message);
    return undefined;
  }

  function sendSize(dashboard: DashboardConnection, execution: Execution) {
    const { cols, rows, owner } = shapeOf(execution);
    sendToDashboard(dashboard.link, {
      type: 'terminal:size',
      commandId: execution.id,
      cols,
      rows,
      owner: owner?.userId ?? null,
      isOwner: owner === dashboard,
      nextSequence: state.terminalBuffers.get(execution.id)?.nextSequence ?? 0,
    });
  }

  /** Sends the size to every dashboard that is attached to the command. */
  function publishSize(execution: Execution) {
    for (const dashboard of state.dashboards.values()) {
      const isAttached = dashboard.subscriptions.has(execution.id);
      if (isAttached && dashboard.state === 'CONNECTED') sendSize(dashboard, execution);
    }
  }

  /** Sets a size that follows no window of this hub. */
  function setSize(execution: Execution, { cols, rows }: { cols: number; rows: number }) {
    const shape = shapeOf(execution);
    if (shape.cols === cols && shape.rows === rows) return;
    Object.assign(shape, { cols, rows, owner: null });
    const agent = state.agents.get(execution.agentId);
    if (agent) agent.terminalSize = { cols, rows };
    publishSize(execution);
  }

  function release(dashboard: DashboardConnection, execution: Execution | undefined) {
    const shape = execution && shapes.get(execution);
    if (!execution || shape?.owner !== dashboard) return;
    shape.owner = null;
    publishSize(execution);
  }

  return {
    /**
     * Passes keystrokes to the agent that runs the command.
     * @throws {HubError} command_not_active, invalid_command
     */
    async type(dashboard: DashboardConnection, { commandId, data, inputId }: CommandInput) {
      const { execution, agent } = requireTerminal(dashboard, commandId);
      recordInput(dashboard, execution);
      const sent = send(agent, { type: 'command:input', commandId, data });
      if (sent) await sent;
      if (inputId === undefined) return;
      sendToDashboard(dashboard.link, { type: 'input:accepted', commandId, inputId });
    },
    /**
     * Makes a dashboard the owner of a terminal's size, and applies it. With `takeOver: false`, a terminal that another
     * dashboard owns keeps its size, which is sent to the dashboard instead.
     * @throws {HubError} command_not_active, invalid_command
     */
    async resize(
      dashboard: DashboardConnection,
      { commandId, cols, rows, takeOver }: TerminalResize,
    ) {
      const { execution, agent } = requireTerminal(dashboard, commandId);
      const shape = shapeOf(execution);
      const isFree = shape.owner === null || shape.owner === dashboard;
      if (takeOver === false && !isFree) return sendSize(dashboard, execution);
      Object.assign(shape, { cols, rows, owner: dashboard });
      agent.terminalSize = { cols, rows };
      const sent = send(agent, { type: 'terminal:resize', commandId, cols, rows });
      if (!sent) ownership.notify(agent.agentId);
      publishSize(execution);
      if (sent) await sent;
    },
    /**
     * Passes a message of another hub to the agent of this hub.
     * @throws {HubError} command_not_active
     */
    receive(agentId: string, message: TerminalMessage): void {
      const agent = state.agents.get(agentId);
      const link = agent?.connection.link;
      if (!link || agent.current?.id !== message.commandId) {
        throw new HubError('command_not_active', 'The command is not running.');
      }
      if (message.type === 'terminal:resize') {
        setSize(agent.current, message);
        ownership.notify(agentId);
      }
      sendToAgent(link, message);
    },
    /** Applies the size that another hub has given to a terminal. */
    setSize,
    /** Sends the size of an interactive terminal to a dashboard that attaches. */
    sendSize(dashboard: DashboardConnection, commandId: string) {
      const execution = findExecution(state, commandId);
      if (!execution || !maySee(state, dashboard, execution.agentId)) return;
      if (hasTerminal(execution)) sendSize(dashboard, execution);
    },
    /** Ends the ownership of a dashboard that detaches from a command. */
    detach: (dashboard: DashboardConnection, commandId: string) =>
      release(dashboard, state.executions.get(commandId)),
    /** Ends all ownerships of a dashboard whose connection has ended. */
    end(dashboard: DashboardConnection) {
      for (const execution of state.executions.values()) release(dashboard, execution);
    },
  };
}
