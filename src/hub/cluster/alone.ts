// A hub that shares its store with no other: it owns all agents.
import type { SharedStore } from '../../store/cluster.ts';
import { ownOutput } from '../terminals/output-source.ts';
import { soleOwnership } from './ownership.ts';
import type { Sharing } from './sharing.ts';

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
