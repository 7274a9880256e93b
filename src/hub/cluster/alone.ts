// A hub that shares its store with no other owns all agents, and does not load what several hubs need.
import type { SharedStore } from '../../store/cluster.ts';
import { ownOutput } from '../terminals/output-source.ts';
import { soleOwnership } from './ownership.ts';
import type { createSharing, Sharing } from './sharing.ts';

export function createAlone(store: SharedStore): Sharing {
  return {
    store,
    ownership: soleOwnership,
    hubId: undefined,
    isLeader: () => true,
    onAgentMessage: () => undefined,
    onOutputStored: () => undefined,
    onChunk: undefined,
    output: ownOutput,
    route:
      (_method, _agentOf, handler) =>
      async (...args) =>
        handler(...args),
    claim: () => Promise.resolve('claimed'),
    join: null,
  };
}

/** Loads what a hub among others needs. */
export async function share(...parts: Parameters<typeof createSharing>): Promise<Sharing> {
  const sharing = await import('./sharing.ts');
  return sharing.createSharing(...parts);
}
