// The real store, with a disk that a test can break. Nothing of the store is replaced: a call either passes or fails.
import type { Store } from '../../../src/store/store.ts';

export interface FaultStore extends Store {
  /** Makes calls fail whose name (`commands.insert`) and arguments fit, until `heal`. */
  fail(fits: Fits): void;
  /** Lets calls that fit wait before they reach the store, until `heal`. */
  hold(fits: Fits): void;
  heal(): void;
  /** Resolves when a call of this name has failed, or has begun to wait. */
  met(call: string): Promise<void>;
}

type Fits = (call: string, args: readonly unknown[]) => boolean;
type Methods = Record<string, (...args: never[]) => Promise<unknown>>;

export function createFaultStore(store: Store): FaultStore {
  let fails: Fits = () => false;
  let holds: Fits = () => false;
  let healed = Promise.withResolvers<void>();
  const meetings = new Map<string, PromiseWithResolvers<void>>();

  function meeting(call: string) {
    const known = meetings.get(call) ?? Promise.withResolvers<void>();
    meetings.set(call, known);
    return known;
  }

  function guard<T extends object>(noun: string, calls: T): T {
    const guarded = Object.entries(calls as Methods).map(([verb, act]) => {
      const call = `${noun}.${verb}`;
      return [
        verb,
        async (...args: never[]) => {
          if (fails(call, args)) {
            meeting(call).resolve();
            throw new Error(`the disk is full: ${call}`);
          }
          if (holds(call, args)) {
            meeting(call).resolve();
            await healed.promise;
          }
          return act(...args);
        },
      ];
    });
    return Object.fromEntries(guarded) as T;
  }

  const nouns = Object.entries(store).filter(([, calls]) => typeof calls === 'object');
  const guarded = Object.fromEntries(nouns.map(([noun, calls]) => [noun, guard(noun, calls)]));

  return {
    ...store,
    ...guarded,
    probe: guard('store', { probe: store.probe }).probe,
    fail(fits) {
      fails = fits;
    },
    hold(fits) {
      holds = fits;
    },
    heal() {
      fails = () => false;
      holds = () => false;
      healed.resolve();
      healed = Promise.withResolvers();
      meetings.clear();
    },
    met: (call) => meeting(call).promise,
  };
}
