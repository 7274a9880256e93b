// The agents that this hub owns. Exactly one hub owns an agent; the others mirror it (docs/architecture.md, "Several hubs").
import type { Fence } from '../../store/cluster.ts';

/** Which agents a hub may write about. */
export interface Ownership {
  owns(agentId: string): boolean;
  /** Whether other hubs can own agents. */
  readonly isShared: boolean;
  /** Tells the owner of an agent that this hub has stored something about it. */
  notify(agentId: string): void;
  /** Reads what another hub has published about its agent, before something is refused because of it. */
  refresh(agentId: string): Promise<void>;
}

/** A hub that is alone owns all agents. */
export const soleOwnership: Ownership = {
  owns: () => true,
  isShared: false,
  notify: () => undefined,
  refresh: () => Promise.resolve(),
};

/** What `untilLost` returns instead of the result. */
export const LOST = Symbol('lost');

export type SharedOwnership = ReturnType<typeof createSharedOwnership>;

/** Creates the ownership of a hub that shares the store with others. It owns nothing at first. */
export function createSharedOwnership({ notify, refresh }: Pick<Ownership, 'notify' | 'refresh'>) {
  const owned = new Map<string, { epoch: number; onLost: Set<() => void> }>();

  return {
    owns: (agentId: string) => owned.has(agentId),
    isShared: true,
    notify,
    refresh,
    /** The fence of writes about an agent. The epoch 0 never matches: the agent is not owned. */
    fenceOf: (agentId: string): Fence => ({ agentId, epoch: owned.get(agentId)?.epoch ?? 0 }),
    /** Records that this hub has claimed an agent. */
    gain(agentId: string, epoch: number): void {
      owned.set(agentId, { epoch, onLost: new Set() });
    },
    /** Records that this hub does not own an agent anymore. Returns false if it did not. */
    lose(agentId: string): boolean {
      const lost = owned.get(agentId);
      owned.delete(agentId);
      for (const call of lost?.onLost ?? []) call();
      return lost !== undefined;
    },
    /** Does work about an agent. Resolves with `LOST` if the agent is lost before that is done, or is not owned. */
    async untilLost<T>(agentId: string, work: () => T | Promise<T>): Promise<T | typeof LOST> {
      const own = owned.get(agentId);
      if (!own) return LOST;
      const lost = Promise.withResolvers<typeof LOST>();
      const call = () => lost.resolve(LOST);
      own.onLost.add(call);
      try {
        return await Promise.race([work(), lost.promise]);
      } finally {
        own.onLost.delete(call);
      }
    },
    list: (): string[] => [...owned.keys()],
  };
}
