// The real store with injectable faults: a matching call fails or is delayed before it reaches the store.
import type { SharedStore } from '../../../src/store/cluster.ts';
import { createFencedStore } from '../../../src/store/fences.ts';

export type FaultStore = SharedStore & {
  /** Fails calls whose name (such as `commands.insert`) and arguments match, until `clearFaults`: with this code, if any. */
  fail(matches: CallMatcher, code?: string): void;
  /** Delays matching calls until `release` or `clearFaults`. */
  hold(matches: CallMatcher): void;
  /** Delays the results of matching calls, which have taken effect, until `release` or `clearFaults`. */
  holdResult(matches: CallMatcher): void;
  /** Lets delayed calls proceed: they still fail if they match `fail`. */
  release(): void;
  clearFaults(): void;
  /** Resolves once a call with this name has failed or is being delayed. */
  waitForFault(call: string): Promise<void>;
};

type CallMatcher = (call: string, args: readonly unknown[]) => boolean;
type Methods = Record<string, (...args: never[]) => Promise<unknown>>;

export function createFaultStore(store: SharedStore): FaultStore {
  let shouldFail: CallMatcher = () => false;
  let failureCode: string | undefined;
  let shouldHold: CallMatcher = () => false;
  let shouldHoldResult: CallMatcher = () => false;
  let released = Promise.withResolvers<void>();
  const faults = new Map<string, PromiseWithResolvers<void>>();

  function faultOf(call: string) {
    const fault = faults.get(call) ?? Promise.withResolvers<void>();
    faults.set(call, fault);
    return fault;
  }

  function guard<T extends object>(noun: string, methods: T): T {
    const guarded = Object.entries(methods as Methods).map(([verb, method]) => {
      const call = `${noun}.${verb}`;
      return [
        verb,
        async (...args: never[]) => {
          if (shouldHold(call, args)) {
            faultOf(call).resolve();
            await released.promise;
          }
          if (shouldFail(call, args)) {
            faultOf(call).resolve();
            throw Object.assign(new Error(`disk full: ${call}`), { code: failureCode });
          }
          const result = await method(...args);
          if (shouldHoldResult(call, args)) {
            faultOf(call).resolve();
            await released.promise;
          }
          return result;
        },
      ];
    });
    return Object.fromEntries(guarded) as T;
  }

  function release() {
    shouldHold = () => false;
    shouldHoldResult = () => false;
    released.resolve();
    released = Promise.withResolvers();
  }

  const groups = Object.entries(store).filter(([, methods]) => typeof methods === 'object');
  const guarded = Object.fromEntries(groups.map(([noun, methods]) => [noun, guard(noun, methods)]));
  const withFaults: SharedStore = {
    ...store,
    ...guarded,
    probe: guard('store', { probe: store.probe }).probe,
  };
  const { cluster } = withFaults;
  if (cluster) cluster.fenced = (fenceOf) => createFencedStore(withFaults, fenceOf);

  return {
    ...withFaults,
    fail(matches, code) {
      shouldFail = matches;
      failureCode = code;
    },
    hold(matches) {
      shouldHold = matches;
    },
    holdResult(matches) {
      shouldHoldResult = matches;
    },
    release,
    clearFaults() {
      shouldFail = () => false;
      release();
      faults.clear();
    },
    waitForFault: (call) => faultOf(call).promise,
  };
}
