// The connection of a bus to its server. It is kept open: one that has ended, or is silent, is replaced.
import { setTimeout as delay } from 'node:timers/promises';
import { createBackoff } from '../store/postgres/reconnect.ts';
import type { BusStatus } from './bus.ts';

/** How often a connection is tested, and how many tests without an answer mean that it is dead. */
const ECHO_MS = 1_000;
const MAX_UNANSWERED = 3;

export interface Link {
  /** Resolves when the connection has ended. */
  readonly ended: Promise<unknown>;
  /** Sends something that comes back as messages do, and resolves when it has. */
  echo(): Promise<void>;
  /** Ends the connection at once. */
  close(): Promise<void>;
}

/**
 * Opens a connection, and keeps one open.
 * @param onReopen called when a connection was lost and there is another
 * @throws what `open` throws the first time
 */
export async function keepLink(open: () => Promise<Link>, onReopen: () => void) {
  const backoff = createBackoff();
  const closing = new AbortController();
  const { signal } = closing;
  const closed = new Promise((resolve) => signal.addEventListener('abort', resolve));
  let current: Link | null = await open();
  let lagMs: number | null = null;

  /** Waits until a connection has ended or is dead. */
  async function watch(link: Link): Promise<void> {
    const { promise: dead, resolve: giveUp } = Promise.withResolvers<void>();
    // Tests are counted, and not the time: a process that was busy has not read the answers yet.
    let unanswered = 0;
    async function test() {
      if (unanswered === MAX_UNANSWERED) {
        giveUp();
        return;
      }
      unanswered += 1;
      const sentAt = performance.now();
      await link.echo();
      unanswered = 0;
      if (current === link) lagMs = performance.now() - sentAt;
    }
    const timer = setInterval(() => void test().catch(giveUp), ECHO_MS);
    test().catch(giveUp);
    await Promise.race([link.ended, dead, closed]);
    clearInterval(timer);
    current = null;
    lagMs = null;
    await link.close();
  }

  async function reopen(): Promise<void> {
    try {
      await delay(backoff.delay(), undefined, { signal });
      const link = await open();
      backoff.succeed();
      if (signal.aborted) {
        await link.close();
        return;
      }
      current = link;
      onReopen();
    } catch (error) {
      backoff.fail(error);
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      if (!current) {
        await reopen();
        continue;
      }
      await watch(current);
      // One that is lost again and again is not opened without a pause.
      backoff.fail(null);
    }
  }

  const running = run();

  return {
    status: (): BusStatus => ({ isConnected: current !== null, lagMs }),
    async close(): Promise<void> {
      closing.abort();
      await running;
    },
  };
}
