// What one user may see: the agents that the user is granted, and their commands, output and approval requests. Pages and
// the API read through it.
import type { ChangesResponse, CommandQuery } from '../protocol/api.ts';
import { HubError } from '../protocol/errors.ts';
import { isPermitted } from '../protocol/permissions.ts';
import type { EndPosition } from '../store/store.ts';
import type { Registry } from './agents/registry.ts';
import type { Approvals } from './approvals.ts';
import type { FileChangesPart } from './commands/file-changes.ts';
import type { History } from './commands/history.ts';
import type { Hubs } from './hubs.ts';
import { maySee, seesAllAgents } from './grants.ts';
import type { Actor } from './state/dashboard.ts';
import type { ServerState } from './state/server-state.ts';
import type { Start } from './terminals/start-position.ts';
import type { Turns } from './turns.ts';

export interface ViewParts {
  registry: Registry;
  history: History;
  approvals: Approvals;
  turns: Turns;
  fileChanges: FileChangesPart;
  hubs: Pick<Hubs, 'isShared'>;
}

export type View = ReturnType<ReturnType<typeof createViews>>;

export function createViews(
  state: ServerState,
  { registry, history, approvals, fileChanges, hubs, turns }: ViewParts,
) {
  return (user: Actor) => {
    const isVisible = ({ agentId }: { agentId: string }) => maySee(state, user, agentId);

    /** The agents whose commands are listed; null for all. Removed agents are included if they are granted by ID. */
    function listGranted(): string[] | null {
      if (seesAllAgents(user)) return null;
      const ids = (user.agents ?? []).filter((grant) => !grant.includes(':'));
      return [
        ...new Set([
          ...ids,
          ...[...state.agents.values()].filter(isVisible).map(({ agentId }) => agentId),
        ]),
      ];
    }

    const listPending = (filter?: Parameters<Approvals['listPending']>[0]) =>
      approvals.listPending(filter).filter(isVisible);

    async function findCommand(commandId: string) {
      const command = await history.find(commandId);
      return command && isVisible(command) ? command : undefined;
    }

    return {
      /** What the menu of the pages shows. */
      menu: () => ({
        pendingApprovals: listPending().length,
        hasHubs: hubs.isShared && isPermitted(user.role, 'hubs:read'),
      }),
      registry: {
        list: () => registry.list().filter(isVisible),
        find(agentId: string) {
          const agent = registry.find(agentId);
          return agent && isVisible(agent) ? agent : undefined;
        },
      },
      history: {
        find: findCommand,
        /** The command assigned to an agent, then its queue in order. */
        listActive: (agentId: string) => history.listActive(agentId).filter(isVisible),
        listPage: (query: CommandQuery) => history.listPage(query, listGranted()),
        /** The ended commands of a visible agent, the latest end first. */
        async listEnded(agentId: string, limit: number, before?: EndPosition) {
          return isVisible({ agentId }) ? history.listEnded(agentId, limit, before) : [];
        },
        findRemoval: history.findRemoval,
        /** The turn of a command that the user may see; undefined if it has none, or if parts of it are missing. */
        async findTurn(commandId: string) {
          if (!(await findCommand(commandId))) return undefined;
          const turn = await turns.find(commandId);
          return turn && turn.state !== 'partial' ? turn : undefined;
        },
        /** @throws {HubError} command_unknown; expired if the output was deleted */
        async openOutput(commandId: string, start?: Start) {
          if (await findCommand(commandId)) return history.openOutput(commandId, start);
          throw new HubError('command_unknown', 'Command not found.');
        },
      },
      /**
       * What a command has changed.
       * @throws {HubError} command_unknown
       */
      async findChanges(commandId: string): Promise<ChangesResponse> {
        const command = await findCommand(commandId);
        if (!command) throw new HubError('command_unknown', 'Command not found.');
        const { changes, changesProblem } = command;
        return { commandId, changes, changesProblem, ...(await fileChanges.list(command)) };
      },
      approvals: {
        listPending,
        listByCommand: approvals.listByCommand,
        listResolved: (limit: number) => approvals.listResolved(listGranted(), limit),
        countByCommand: approvals.countByCommand,
        async find(approvalId: string) {
          const approval = await approvals.find(approvalId);
          return approval && isVisible(approval) ? approval : undefined;
        },
      },
    };
  };
}
