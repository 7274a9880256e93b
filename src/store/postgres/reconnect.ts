// Opens a connection when it is needed, and again after it was lost. After a failure, further attempts are spaced out, and
// calls in between fail at once with the reason.

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;

/** The delay that several connections to one server share. */
export type Backoff = ReturnType<typeof createBackoff>;

export function createBackoff() {
  let failures = 0;
  let retryAt = 0;
  let failure: unknown = null;
  return {
    /** @throws the last failure, if it is too early for another attempt */
    check() {
      if (performance.now() < retryAt) throw failure;
    },
    /** How long until the next attempt, in milliseconds. */
    delay: () => Math.max(0, retryAt - performance.now()),
    succeed() {
      failures = 0;
      retryAt = 0;
    },
    fail(error: unknown) {
      failure = error;
      retryAt = performance.now() + Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** failures);
      failures += 1;
    },
  };
}

interface Closable {
  readonly isOpen: boolean;
  close(): Promise<void>;
}

/** @param open opens a connection */
export function createReconnector<T extends Closable>(open: () => Promise<T>, backoff: Backoff) {
  let current: Promise<T> | null = null;
  let isClosed = false;

  async function attempt(): Promise<T> {
    try {
      const opened = await open();
      backoff.succeed();
      return opened;
    } catch (error) {
      current = null;
      backoff.fail(error);
      throw error;
    }
  }

  return {
    /** Returns the open connection, or opens one. @throws if it cannot be opened */
    async get(): Promise<T> {
      if (isClosed) throw new Error('The store is closed.');
      if (current) {
        const opened = await current;
        if (opened.isOpen) return opened;
      }
      backoff.check();
      current = attempt();
      return current;
    },
    async close(): Promise<void> {
      isClosed = true;
      const opened = await current?.catch(() => null);
      await opened?.close();
    },
  };
}
