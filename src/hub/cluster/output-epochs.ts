// Output epochs: which of the output that dashboards have received on any hub is still a part of what is stored
// (docs/architecture.md, "Several hubs"). The epoch of output is that of the owner from which this hub has it.
import { wait } from '../../protocol/clock.ts';
import { hasEnded } from '../../protocol/command-status.ts';
import type { ClusterStore } from '../../store/cluster.ts';
import type { HubContext } from '../context.ts';
import { readWhenReachable } from '../store-health.ts';
import type { OutputSource } from '../terminals/output-source.ts';
import type { FollowedOutput } from './followed-output.ts';
import type { SharedOwnership } from './ownership.ts';

/**
 * How long a dashboard that has received more than is committed waits for the rest: until the lease of a lost owner has ended
 * and another hub has claimed the agent. After that, it begins again.
 */
const AHEAD_MS = 15_000;
const POLL_MS = 50;

export interface OutputEpochsParts {
  cluster: ClusterStore;
  ownership: SharedOwnership;
  output: Pick<FollowedOutput, 'epochOf' | 'read'>;
  /** The epoch of the owner of an agent, as it is known. */
  epochOf: (agentId: string) => number;
}

export function createOutputEpochs(
  { state, store, clock }: HubContext,
  { cluster, ownership, output, epochOf }: OutputEpochsParts,
): Pick<OutputSource, 'epochOf' | 'isValid'> {
  type Where = 'held' | 'later' | 'beyond';

  /** Whether what this hub has of a command reaches a sequence that readers of an epoch have received. */
  async function locate(commandId: string, sequence: number, epoch: number): Promise<Where> {
    const buffer = state.terminalBuffers.get(commandId);
    if (buffer) {
      // What is not committed yet is from the owner whose epoch is known.
      const isSame = ownership.owns(buffer.agentId) || output.epochOf(commandId) === epoch;
      const next = isSame ? buffer.nextSequence : buffer.storedNextSequence;
      return sequence < next ? 'held' : 'later';
    }
    const command = await store.commands.find(commandId);
    if (sequence <= (command?.lastSequence ?? -1)) return 'held';
    return command && !(hasEnded(command.status) && !command.isOutputOpen) ? 'later' : 'beyond';
  }

  return {
    epochOf: ({ id, agentId }) =>
      ownership.owns(agentId)
        ? ownership.fenceOf(agentId).epoch
        : (output.epochOf(id) ?? epochOf(agentId)),
    async isValid({ id, agentId }, { afterSequence, epoch }, isWanted) {
      if (ownership.owns(agentId) && ownership.fenceOf(agentId).epoch === epoch) {
        const buffer = state.terminalBuffers.get(id);
        if (buffer && afterSequence < buffer.nextSequence) return true;
      }
      const end = clock.monotonic() + AHEAD_MS;
      const read = <T>(query: () => Promise<T>) => readWhenReachable(clock, query);
      while (isWanted()) {
        const where = await read(() => locate(id, afterSequence, epoch));
        const isOver = where !== 'later' || clock.monotonic() >= end;
        // It is read after the output: a later owner is known before it stores any.
        const mayBeVoid = isOver || epochOf(agentId) > epoch;
        const later = mayBeVoid ? await read(() => cluster.findLaterOutput(id, epoch)) : null;
        if (later !== null && later <= afterSequence) return false;
        if (isOver) return where === 'held';
        await wait(clock, POLL_MS);
        await read(() => output.read(id));
      }
      return false;
    },
  };
}
