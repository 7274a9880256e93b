// Fences of writes: how a write is known to be about an agent that the hub owns, from the caller to the transaction, also in
// another thread.
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Fence, type FenceOf, isRead } from './cluster.ts';
import type { Store } from './store.ts';

type Method = (...args: readonly unknown[]) => Promise<unknown>;

const calls = new AsyncLocalStorage<Fence>();

/** The fence of the call that is being made. */
export const currentFence = (): Fence | undefined => calls.getStore();

/** Makes a call whose writes have a fence. */
export const withFence = <T>(fence: Fence | undefined, call: () => T): T =>
  fence ? calls.run(fence, call) : call();

/** Returns the same store, but its writes have fences. */
export function createFencedStore(store: Store, fenceOf: FenceOf): Store {
  const fenceMethod = (table: string, method: string, call: Method): Method =>
    isRead(method)
      ? call
      : (...args) => withFence(fenceOf(table, method, args), () => call(...args));
  const members = Object.entries(store).map(([table, methods]: [string, unknown]) => {
    if (table === 'cluster' || typeof methods !== 'object') return [table, methods];
    const fenced = Object.entries(methods as Record<string, Method>).map(([method, call]) => [
      method,
      fenceMethod(table, method, call),
    ]);
    return [table, Object.fromEntries(fenced)];
  });
  return Object.fromEntries(members) as Store;
}
