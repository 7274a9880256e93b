// Handles the messages of connected dashboards. A rejected message is answered with `error`.
import { Value } from '@sinclair/typebox/value';
import type { DashboardToHub } from '../../protocol/dashboard-to-hub.ts';
import { HubError } from '../../protocol/errors.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import { MIN_INPUT_COST } from '../../protocol/limits.ts';
import { requirePermission } from '../require-permission.ts';
import { Id } from '../../protocol/message.ts';
import { messagePermissions } from '../../protocol/permissions.ts';
import { byteLength } from '../../protocol/text.ts';
import type { Approvals } from '../approvals.ts';
import type { Admission } from '../commands/admission.ts';
import type { PauseAgents } from '../agents/pause.ts';
import type { Interrupt } from '../commands/interrupt.ts';
import type { QueueChanges } from '../commands/queue-changes.ts';
import type { HubContext } from '../context.ts';
import { type DashboardLink, sendToDashboard } from '../link.ts';
import { toStatus } from '../state/execution.ts';
import { findExecution } from '../state/server-state.ts';
import type { DashboardConnection } from '../state/dashboard.ts';
import type { Subscriptions } from '../terminals/subscriptions.ts';
import type { Dashboards } from './dashboards.ts';
import type { TerminalInput } from './terminal-input.ts';

const REFERENCES = ['requestId', 'commandId', 'agentId', 'approvalId'] as const;

/** Returns the IDs in a message. Only those that belong to its type have been validated. */
function readReferences(
  message: DashboardToHub,
): Partial<Record<(typeof REFERENCES)[number], string>> {
  const ids = REFERENCES.map((name) => [name, Reflect.get(message, name)] as const);
  return Object.fromEntries(ids.filter(([, id]) => Value.Check(Id, id)));
}

export interface DashboardMessagesParts {
  admission: Admission;
  approvals: Pick<Approvals, 'respond'>;
  dashboards: Dashboards;
  interrupt: Interrupt;
  pauseAgents: PauseAgents;
  queueChanges: Pick<QueueChanges, 'change' | 'cancel' | 'restore'>;
  subscriptions: Subscriptions;
  terminalInput: TerminalInput;
}

export function createDashboardMessages({ state, log }: HubContext, parts: DashboardMessagesParts) {
  const { admission, approvals, dashboards, interrupt, subscriptions, terminalInput } = parts;
  const { pauseAgents, queueChanges } = parts;

  /** Whether a dashboard stays within its rate limits. Input is limited by size, other messages by number. */
  function isWithinRate(dashboard: DashboardConnection, message: DashboardToHub): boolean {
    if (message.type === 'command:input') {
      return dashboard.inputBudget(Math.max(byteLength(message.data), MIN_INPUT_COST));
    }
    if (message.type === 'terminal:resize') return dashboard.inputBudget(MIN_INPUT_COST);
    return dashboard.messageBudget();
  }

  /** Answers a change to a command, unless it has ended: then its status has been published. */
  function sendStatus(dashboard: DashboardConnection, commandId: string) {
    const execution = findExecution(state, commandId);
    if (execution) sendToDashboard(dashboard.link, toStatus(execution));
  }

  async function handle(dashboard: DashboardConnection, message: DashboardToHub): Promise<void> {
    requirePermission(dashboard, messagePermissions[message.type]);
    switch (message.type) {
      case 'command:request': {
        const { type, version, ...body } = message;
        const answer = await admission.request(dashboard, body);
        return sendToDashboard(dashboard.link, {
          type: 'command:accepted',
          ...(message.requestId !== undefined && { requestId: message.requestId }),
          ...answer,
        });
      }
      case 'command:interrupt':
        await interrupt(dashboard, message.commandId);
        return sendStatus(dashboard, message.commandId);
      case 'command:change': {
        const { type, version, commandId, ...changes } = message;
        await queueChanges.change(dashboard, commandId, changes);
        return sendStatus(dashboard, commandId);
      }
      case 'command:cancel':
        await queueChanges.cancel(dashboard, message.commandId);
        return sendStatus(dashboard, message.commandId);
      case 'command:restore':
        await queueChanges.restore(dashboard, message.commandId);
        return sendStatus(dashboard, message.commandId);
      case 'agent:pause':
        await pauseAgents.pause(dashboard, message.agentId, message);
        return;
      case 'agent:resume':
        await pauseAgents.resume(dashboard, message.agentId);
        return;
      case 'terminal:attach':
        terminalInput.sendSize(dashboard, message.commandId);
        return subscriptions.attach(dashboard, message.commandId, message);
      case 'terminal:detach':
        subscriptions.detach(dashboard, message.commandId);
        return terminalInput.detach(dashboard, message.commandId);
      case 'command:input':
        return terminalInput.type(dashboard, message);
      case 'terminal:resize':
        return terminalInput.resize(dashboard, message);
      case 'approval:respond':
        return approvals.respond(dashboard, message.approvalId, message.optionId);
      case 'dashboard:connect':
        throw new HubError('invalid_message', 'Already connected.');
      default:
        message satisfies never;
    }
  }

  /** Answers a rejected message with `error`. */
  function reject(link: DashboardLink, message: DashboardToHub, error: unknown) {
    const isHubError = error instanceof HubError;
    // On a closed socket, nobody waits for an answer. If the hub is stopping, the store is closed, too.
    if (!isHubError && dashboards.find(link)) {
      log.error('Could not handle a dashboard message.', { type: message.type, error });
    }
    sendToDashboard(link, {
      type: 'error',
      code: isHubError ? error.code : 'unavailable',
      message: isHubError ? error.message : 'Internal error on the hub. Try again later.',
      ...readReferences(message),
    });
  }

  /** Handles one message. Never throws. */
  return function receive(link: DashboardLink, message: DashboardToHub): void {
    const dashboard = dashboards.find(link);
    if (!dashboard) return;
    if (!isWithinRate(dashboard, message)) {
      reject(
        link,
        message,
        new HubError('rate_limited', 'Too many messages. Send fewer messages per second.'),
      );
      if (!dashboard.rejectionBudget()) link.close(CloseCode.policyViolation, 'rate_limited');
      return;
    }
    handle(dashboard, message).catch((error: unknown) => reject(link, message, error));
  };
}
