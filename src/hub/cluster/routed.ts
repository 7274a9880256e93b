// What users ask of agents, done by the hub that owns the agent.
import { FILE_LIST_TIMEOUT_MS, REVERT_TIMEOUT_MS } from '../../protocol/limits.ts';
import type { AgentFiles } from '../agents/files.ts';
import type { PauseAgents } from '../agents/pause.ts';
import type { Registry } from '../agents/registry.ts';
import type { Approvals } from '../approvals.ts';
import type { FileChangesPart } from '../commands/file-changes.ts';
import type { Interrupt } from '../commands/interrupt.ts';
import type { QueueChanges } from '../commands/queue-changes.ts';
import type { HubContext } from '../context.ts';
import type { Actor } from '../state/dashboard.ts';
import { findExecution } from '../state/server-state.ts';
import type { Caches } from './caches.ts';
import type { Router } from './routes.ts';

/** How much longer than the agent its hub has to answer. */
const MARGIN_MS = 1_000;

export interface RoutedParts {
  approvals: Approvals;
  fileChanges: FileChangesPart;
  files: AgentFiles;
  interrupt: Interrupt;
  pauseAgents: PauseAgents;
  queueChanges: QueueChanges;
  registry: Registry;
  /** Reads tables again. */
  refresh: Caches['refresh'];
}

type Args = readonly [Actor, string, ...unknown[]];

/** Returns the same functions, which do their work on the hub that owns the agent. */
export function createRouted(
  { state, store }: Pick<HubContext, 'state' | 'store'>,
  route: Router['route'],
  parts: RoutedParts,
) {
  const { approvals, fileChanges, files, interrupt, pauseAgents, queueChanges } = parts;
  const { registry, refresh } = parts;
  const agentOf = ([, agentId]: Args) => agentId;
  const agentOfCommand = async ([, commandId]: Args) =>
    (findExecution(state, commandId) ?? (await store.commands.find(commandId)))?.agentId;
  const removeAgent = route('agent.remove', agentOf, registry.remove);
  return {
    interrupt: route('interrupt', agentOfCommand, interrupt),
    queueChanges: {
      change: route('queue.change', agentOfCommand, queueChanges.change),
      cancel: route('queue.cancel', agentOfCommand, queueChanges.cancel),
      restore: route('queue.restore', agentOfCommand, queueChanges.restore),
    },
    pauseAgents: {
      pause: route('agent.pause', agentOf, pauseAgents.pause),
      resume: route('agent.resume', agentOf, pauseAgents.resume),
    },
    respond: route(
      'approval.respond',
      ([, approvalId]) => approvals.agentOf(approvalId),
      approvals.respond,
    ),
    searchFiles: route('files.search', agentOf, files.search, {
      isRepeatable: false,
      answerMs: FILE_LIST_TIMEOUT_MS + MARGIN_MS,
    }),
    revertFile: route('changes.revert', agentOfCommand, fileChanges.revert, {
      isRepeatable: false,
      answerMs: REVERT_TIMEOUT_MS + MARGIN_MS,
    }),
    async removeAgent(actor: Actor, agentId: string) {
      await removeAgent(actor, agentId);
      // Whoever has removed it sees that at once.
      if (state.agents.has(agentId)) await refresh(['agents', 'agent_tokens']);
    },
  };
}
