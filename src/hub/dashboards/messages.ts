// What a connected dashboard asks for, and the answer when it is refused.
import type { DashboardToHub } from '../../protocol/dashboard-to-hub.ts';
import { mayActAs } from '../../protocol/entities.ts';
import { Refusal } from '../../protocol/errors.ts';
import { byteLength } from '../../protocol/text.ts';
import type { Admission } from '../commands/admission.ts';
import type { Approvals } from '../approvals.ts';
import type { DashboardConnection } from '../state/dashboard.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import { type DashboardLink, tellAgent, tellDashboard } from '../link.ts';
import type { Readers } from '../terminals/subscriptions.ts';
import type { HubContext } from '../state/server-state.ts';

export interface InboxParts {
  admission: Admission;
  approvals: Approvals;
  dispatcher: Dispatcher;
  readers: Readers;
}

export function createDashboardInbox({ state, clock, log }: HubContext, parts: InboxParts) {
  const { admission, approvals, dispatcher, readers } = parts;

  /** Whether the dashboard still keeps to its rate; keystrokes and resizes count by size. */
  function withinRate(dashboard: DashboardConnection, message: DashboardToHub): boolean {
    if (message.type === 'command:input') return dashboard.input(byteLength(message.data));
    if (message.type === 'terminal:resize') return dashboard.input(16);
    return dashboard.messages();
  }

  /** Passes keystrokes or a new size on to the agent that runs the command. */
  function passOn(
    dashboard: DashboardConnection,
    message: Extract<DashboardToHub, { type: 'command:input' | 'terminal:resize' }>,
  ) {
    if (!mayActAs(dashboard.role, 'operator')) {
      throw new Refusal('forbidden', 'Your role may watch, but not type.');
    }
    const execution = dispatcher.find(message.commandId);
    const agent = execution && state.agents.get(execution.agentId);
    if (execution?.status !== 'running' || !agent?.link) {
      throw new Refusal('command_not_active', 'The command is not running.');
    }
    if (!agent.capabilities.includes('pty')) {
      throw new Refusal(
        'invalid_command',
        'This agent has no terminal to type into: start it with --pty.',
      );
    }
    const { version, ...body } = message;
    tellAgent(agent.link, body);
  }

  async function act(dashboard: DashboardConnection, message: DashboardToHub): Promise<void> {
    switch (message.type) {
      case 'command:request': {
        const { type, version, ...body } = message;
        const answer = await admission.request(dashboard, body);
        return tellDashboard(dashboard.link, {
          type: 'command:accepted',
          ...(message.requestId !== undefined && { requestId: message.requestId }),
          ...answer,
        });
      }
      case 'command:interrupt':
        return dispatcher.interrupt(dashboard, message.commandId);
      case 'terminal:attach':
        return readers.attachOrExplain(dashboard, message.commandId, message.afterSequence ?? -1);
      case 'terminal:detach':
        return readers.detach(dashboard, message.commandId);
      case 'command:input':
      case 'terminal:resize':
        return passOn(dashboard, message);
      case 'approval:respond':
        return approvals.respond(dashboard, message.approvalId, message.optionId);
      case 'dashboard:connect':
        throw new Refusal('invalid_message', 'This connection stands already.');
      default:
        message satisfies never;
    }
  }

  /** Answers a refusal with `error`, naming what it is about. */
  function explain(link: DashboardLink, message: DashboardToHub, error: unknown) {
    const refusal =
      error instanceof Refusal
        ? error
        : new Refusal('unavailable', 'The hub could not do that now: try again soon.');
    if (refusal !== error)
      log.error('A message could not be handled.', { type: message.type, error });
    tellDashboard(link, {
      type: 'error',
      code: refusal.code,
      message: refusal.message,
      ...('requestId' in message && message.requestId && { requestId: message.requestId }),
      ...('commandId' in message && { commandId: message.commandId }),
      ...('agentId' in message && { agentId: message.agentId }),
    });
  }

  /** Takes one message of a connected dashboard. Never throws: what is refused is answered by `error`. */
  return function receive(dashboard: DashboardConnection, message: DashboardToHub): void {
    dashboard.lastActivity = clock.now();
    const { link } = dashboard;
    if (!withinRate(dashboard, message)) {
      const refusal = new Refusal('rate_limited', 'Too many messages at once: slow down.');
      return explain(link, message, refusal);
    }
    act(dashboard, message).catch((error: unknown) => explain(link, message, error));
  };
}
