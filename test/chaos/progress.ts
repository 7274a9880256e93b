// Whether the system still makes progress, so that a round on a slow machine is not mistaken for one that is stuck.

const CHECK_MS = 100;
/** Longer than any step takes, even if messages keep arriving. */
const MAX_MS = 120_000;

export type Progress = ReturnType<typeof createProgress>;

export function createProgress() {
  let last = Date.now();

  return {
    /** Records that something has happened. */
    touch() {
      last = Date.now();
    },
    /** Whether `work` is done before nothing happens for `stuckMs`. */
    async isDone(work: Promise<unknown>, stuckMs: number): Promise<boolean> {
      const startedAt = Date.now();
      last = startedAt;
      const stuck = Promise.withResolvers<false>();
      const timer = setInterval(() => {
        const now = Date.now();
        if (now - last > stuckMs || now - startedAt > MAX_MS) stuck.resolve(false);
      }, CHECK_MS);
      try {
        return await Promise.race([work.then(() => true), stuck.promise]);
      } finally {
        clearInterval(timer);
      }
    },
  };
}
