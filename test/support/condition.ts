// Waits for a condition that is evaluated again after every change, so that tests never wait for a duration.

export type Falsy = undefined | null | false | '' | 0;

export function createCondition() {
  const waiters = new Set<() => void>();

  return {
    /** Evaluates every pending condition again. */
    notify() {
      for (const check of waiters) check();
    },
    /** Resolves with the first truthy value of `evaluate`; rejects if `evaluate` throws. */
    waitUntil<T>(evaluate: () => T | Falsy): Promise<T> {
      return new Promise((resolve, reject) => {
        function check() {
          try {
            const value = evaluate();
            if (!value) return;
            resolve(value);
          } catch (error) {
            reject(error);
          }
          waiters.delete(check);
        }
        waiters.add(check);
        check();
      });
    },
  };
}
