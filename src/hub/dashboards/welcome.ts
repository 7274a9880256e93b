// What a dashboard is told on arrival, new or back: what stands, and the terminals it follows.
import type { DashboardConnect } from '../../protocol/dashboard-to-hub.ts';
import {
  BUFFER_BYTES,
  CHUNK_BYTES,
  COMMAND_BYTES,
  HUB_HEARTBEAT_MS,
  MAX_MESSAGE_BYTES,
  QUEUE_LENGTH,
} from '../../protocol/limits.ts';
import { type Approvals, toRequest } from '../approvals.ts';
import type { DashboardConnection } from '../state/dashboard.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import type { Endings } from '../commands/completion.ts';
import { toStatus } from '../state/execution.ts';
import { tellDashboard } from '../link.ts';
import type { Readers } from '../terminals/subscriptions.ts';
import type { HubContext } from '../state/server-state.ts';

export type Greeting = ReturnType<typeof createGreeting>;

export interface GreetingParts {
  approvals: Approvals;
  dispatcher: Dispatcher;
  endings: Endings;
  readers: Readers;
}

export function createGreeting(context: HubContext, parts: GreetingParts) {
  const { state, clock, log, settings, build, epoch } = context;
  const { approvals, dispatcher, endings, readers } = parts;

  /**
   * Says hello, and what stands: agents, live commands, and the ends that it may not have heard of. What was sent is
   * lost with a socket, however long that takes to notice, and even where something of the dashboard's came later.
   */
  function greet(dashboard: DashboardConnection, resumed: boolean) {
    const { link } = dashboard;
    tellDashboard(link, {
      type: 'dashboard:welcome',
      connectionId: dashboard.id,
      hubEpoch: epoch,
      userId: dashboard.userId,
      role: dashboard.role,
      resumed,
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
    for (const { agentId, status } of state.agents.values()) {
      tellDashboard(link, { type: 'agent:status', agentId, status, timestamp: clock.now() });
    }
    for (const command of [...endings.toldAfter(dashboard.heardEnds), ...dispatcher.all()]) {
      tellDashboard(link, toStatus(command));
    }
    for (const approval of approvals.open()) tellDashboard(link, toRequest(approval));
  }

  /** Attaches a dashboard to what it names, and in mode `all` to everything else from its start. */
  function attachAll(dashboard: DashboardConnection, message: DashboardConnect, resumed: boolean) {
    const named = new Map(
      resumed
        ? message.resume?.terminals.map(({ commandId, afterSequence }) => [
            commandId,
            afterSequence,
          ])
        : [],
    );
    const all =
      dashboard.terminals === 'all'
        ? [...dashboard.readers.keys(), ...dispatcher.all().map(({ id }) => id)]
        : [];
    for (const commandId of all) if (!named.has(commandId)) named.set(commandId, -1);
    dashboard.readers.clear();
    for (const [commandId, after] of named) {
      readers.attachOrExplain(dashboard, commandId, after).catch(() => {
        log.warn('A returning dashboard named a command that nobody knows.', { commandId });
      });
    }
  }

  return { greet, attachAll };
}
