// What a dashboard receives when it connects or resumes: the current state, then the output it is subscribed to
// (docs/protocol.md, "Reconnect").
import { CloseCode } from '../../protocol/close-codes.ts';
import type { DashboardConnect } from '../../protocol/dashboard-to-hub.ts';
import {
  BUFFER_BYTES,
  CHUNK_BYTES,
  COMMAND_BYTES,
  HUB_HEARTBEAT_MS,
  MAX_MESSAGE_BYTES,
  QUEUE_LENGTH,
} from '../../protocol/limits.ts';
import type { Approvals } from '../approvals.ts';
import type { Completion } from '../commands/completion.ts';
import type { HubContext } from '../context.ts';
import { createCountedWarning } from '../counted-warning.ts';
import { maySee } from '../grants.ts';
import { sendToDashboard } from '../link.ts';
import type { DashboardConnection } from '../state/dashboard.ts';
import { limitDetails, toRequest } from '../state/approval.ts';
import { toStatus } from '../state/execution.ts';
import { listExecutions } from '../state/server-state.ts';
import type { Start } from '../terminals/start-position.ts';
import type { Subscriptions } from '../terminals/subscriptions.ts';
import type { TerminalInput } from './terminal-input.ts';

export type Welcome = ReturnType<typeof createWelcome>;

export interface WelcomeParts {
  approvals: Approvals;
  completion: Completion;
  subscriptions: Subscriptions;
  terminalInput: TerminalInput;
}

export function createWelcome(context: HubContext, parts: WelcomeParts) {
  const { state, clock, log, settings, build } = context;
  const { approvals, completion, subscriptions, terminalInput } = parts;
  const warnUnknown = createCountedWarning(
    clock,
    log,
    'A dashboard tried to resume the output of an unknown command.',
  );

  /**
   * Sends `dashboard:welcome`, then agents, active commands, completions the dashboard may have missed, and pending
   * approvals. Anything sent shortly before a connection broke may be lost, so completions are resent, starting after
   * the last one that a pong confirmed.
   */
  function sendState(dashboard: DashboardConnection, resumed: boolean) {
    const { link } = dashboard;
    const isVisible = ({ agentId }: { agentId: string }) => maySee(state, dashboard, agentId);
    sendToDashboard(link, {
      type: 'dashboard:welcome',
      connectionId: dashboard.id,
      hubEpoch: dashboard.hubEpoch,
      userId: dashboard.userId,
      role: dashboard.role,
      resumed,
      ...(subscriptions.canReset(dashboard) && { keepsTerminals: true }),
      heartbeatIntervalMs: HUB_HEARTBEAT_MS,
      build,
      limits: {
        messageBytes: MAX_MESSAGE_BYTES,
        chunkBytes: CHUNK_BYTES,
        bufferBytes: BUFFER_BYTES,
        commandBytes: COMMAND_BYTES,
        queueLength: QUEUE_LENGTH,
        commandTimeoutMs: settings.commandTimeoutMs,
        maxCommandTimeoutMs: settings.maxCommandTimeoutMs,
      },
    });
    for (const { agentId, status } of [...state.agents.values()].filter(isVisible)) {
      sendToDashboard(link, { type: 'agent:status', agentId, status, timestamp: clock.now() });
    }
    const completed = completion.completedAfter(dashboard.confirmedCompletions);
    for (const command of [...completed, ...listExecutions(state)].filter(isVisible)) {
      sendToDashboard(link, toStatus({ ...command, status: command.publishedStatus }));
    }
    for (const approval of limitDetails(approvals.listPending().filter(isVisible))) {
      sendToDashboard(link, toRequest(approval));
    }
  }

  /**
   * Attaches a dashboard to the terminals it lists and, in mode `all`, to every other one from its start. Those that it may
   * keep, but cannot continue, begin again.
   */
  function attachTerminals(
    dashboard: DashboardConnection,
    message: DashboardConnect,
    resumed: boolean,
  ) {
    const canReset = subscriptions.canReset(dashboard);
    const isContinued = resumed || canReset;
    const positions = new Map<string, Start>();
    const isVoid = new Set<string>();
    for (const { commandId, ...start } of (isContinued && message.resume?.terminals) || []) {
      positions.set(commandId, start);
      const isUnknown = start.afterSequence >= 0 && start.epoch === undefined;
      if (canReset && isUnknown) isVoid.add(commandId);
    }
    for (const [commandId, { attachment }] of dashboard.subscriptions) {
      const mayBeVoid = attachment.resetConfirmedBy !== null && !positions.has(commandId);
      if (mayBeVoid) isVoid.add(commandId);
    }
    if (dashboard.terminals === 'all') {
      const active = listExecutions(state).filter(({ agentId }) =>
        maySee(state, dashboard, agentId),
      );
      const activeIds = active.map(({ id }) => id);
      for (const commandId of [...dashboard.subscriptions.keys(), ...activeIds]) {
        if (!positions.has(commandId)) positions.set(commandId, {});
      }
    }
    dashboard.subscriptions.clear();
    const { link } = dashboard;
    for (const [commandId, start] of positions) {
      terminalInput.sendSize(dashboard, commandId);
      const { attach, reattach } = subscriptions;
      const attachOrReset = isVoid.has(commandId) ? reattach : attach;
      attachOrReset(dashboard, commandId, start).catch((error: unknown) => {
        if (subscriptions.isTemporary(error)) link.close(CloseCode.goingAway, 'moved');
        else warnUnknown({ commandId });
      });
    }
  }

  return { sendState, attachTerminals };
}
