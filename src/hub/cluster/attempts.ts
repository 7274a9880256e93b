// The fence of a write that is tried again: every attempt has that of the first one. Otherwise, a hub that has lost an agent
// and owns it again would write what was true before.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Fence } from '../../store/cluster.ts';

const attempts = new AsyncLocalStorage<Map<string, Fence>>();

/** Runs attempts of the same write. */
export const runAttempts = <T>(run: () => T): T => attempts.run(new Map(), run);

/** The fence of a write about an agent. @param create returns that of now */
export function fenceOfAttempt(agentId: string, create: () => Fence): Fence {
  return attempts.getStore()?.getOrInsertComputed(agentId, create) ?? create();
}
