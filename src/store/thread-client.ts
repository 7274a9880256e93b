// Starts a store thread, and calls the methods of its store.
import type { SharedStore } from './cluster.ts';
import { currentFence } from './fences.ts';
import type {
  Call,
  MethodNames,
  StoreLocation,
  ThreadError,
  ThreadRequest,
  ThreadResponse,
} from './thread-messages.ts';

/** In an executable, `import.meta.url` is the entry point of the program, and the thread is relative to it. */
const THREAD = import.meta.url.includes('/$bunfs/')
  ? './store/store-thread.ts'
  : './store-thread.ts';

export interface ThreadEvents {
  /** The thread ended without `terminate`. It is called once, and all calls fail from then on. */
  onEnd(error: Error): void;
  /** The database is damaged. */
  onDamage(message: string): void;
  /** `open` changes the tables of an earlier version. */
  onUpgrade(): void;
  /** `open` has found tables of a later version, and can use them. */
  onNewer?: (version: number) => void;
}

/**
 * @param isWriter its calls stay pending if the thread ends: whether they were committed is not known, as after a crash
 */
export function startStoreThread(
  { onEnd, onDamage, onUpgrade, onNewer }: ThreadEvents,
  isWriter = false,
) {
  const worker = new Worker(new URL(THREAD, import.meta.url), { name: 'store' });
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  /** Resolves with the response to `open` or `check`. */
  const first = Promise.withResolvers<ThreadResponse>();
  first.promise.catch(() => undefined);
  let calls: Call[] = [];
  let lastId = 0;
  let ended: Error | null = null;

  function end(reason: string) {
    if (ended) return;
    ended = new Error(`The database thread ended: ${reason}`);
    worker.terminate();
    first.reject(ended);
    if (!isWriter) for (const { reject } of pending.values()) reject(ended);
    onEnd(ended);
  }

  function send(message: ThreadRequest) {
    try {
      worker.postMessage(message);
    } catch (error) {
      // It has ended already, or a value cannot be sent to a thread.
      end(String(error));
    }
  }

  function handleResponse(response: ThreadResponse) {
    switch (response.type) {
      case 'upgrading':
        return onUpgrade();
      case 'newer':
        return onNewer?.(response.version);
      case 'reported':
        return response.error.isDamage ? onDamage(response.error.message) : undefined;
      case 'opened':
      case 'checked':
      case 'failed':
        return first.resolve(response);
      case 'replies':
        for (const reply of response.replies) {
          const call = pending.get(reply.id);
          pending.delete(reply.id);
          if (!('error' in reply)) call?.resolve(reply.value);
          else {
            if (reply.error.isDamage) onDamage(reply.error.message);
            call?.reject(toError(reply.error));
          }
        }
        return undefined;
      default:
        return response satisfies never;
    }
  }

  worker.addEventListener('error', ({ message }) => end(message));
  worker.addEventListener('close', () => end('it was terminated'));
  worker.addEventListener('message', ({ data }: MessageEvent<ThreadResponse>) =>
    handleResponse(data),
  );

  async function request(message: ThreadRequest) {
    send(message);
    const response = await first.promise;
    if (response.type === 'failed') throw toError(response.error);
    return response;
  }

  return {
    /** Opens the store. Returns the names of its methods. */
    async open(location: StoreLocation): Promise<MethodNames> {
      const response = await request({ type: 'open', location });
      return response.type === 'opened' ? response.methods : {};
    },
    /**
     * Checks a file instead of opening a store. Returns its first damage, or null.
     * @throws if it cannot be checked
     */
    async check(file: string): Promise<string | null> {
      send({ type: 'check', file });
      const response = await first.promise;
      if (response.type === 'checked') return response.damage;
      const { error } = response as ThreadResponse & { type: 'failed' };
      if (error.isDamage) return error.message;
      throw toError(error);
    },
    /** Calls a method of a table, or of the store itself. The calls of one turn are one message. */
    invoke(table: string | null, method: string, args: readonly unknown[]): Promise<unknown> {
      if (ended) return Promise.reject(ended);
      const call = Promise.withResolvers<unknown>();
      lastId += 1;
      pending.set(lastId, call);
      const fence = currentFence();
      calls.push(fence ? [lastId, table, method, args, fence] : [lastId, table, method, args]);
      if (calls.length === 1) {
        queueMicrotask(() => {
          const batch = calls;
          calls = [];
          send({ type: 'call', calls: batch });
        });
      }
      return call.promise;
    },
    /** Ends the thread. Calls that have not been answered stay pending. */
    terminate() {
      ended ??= new Error('The store is closed.');
      worker.terminate();
    },
  };
}

/**
 * Creates a store whose methods are called in threads. `cluster.fenced`, which returns no promise, is not among them.
 * @param tables the names of the methods
 * @param choose the thread of a method
 */
export function createRemoteStore(
  tables: MethodNames,
  choose: (method: string) => ReturnType<typeof startStoreThread>,
  close: () => Promise<void>,
): SharedStore {
  const forward = (table: string | null, method: string) =>
    [method, (...args: unknown[]) => choose(method).invoke(table, method, args)] as const;
  const members = {
    ...Object.fromEntries(
      Object.entries(tables).map(([table, methods]) => [
        table,
        Object.fromEntries(methods.map((method) => forward(table, method))),
      ]),
    ),
    ...Object.fromEntries([forward(null, 'probe')]),
    close,
  };
  // The thread lists the methods of a Store, and the conformance suite calls each of them.
  return members as unknown as SharedStore;
}

function toError({ message, code }: ThreadError): Error {
  return Object.assign(new Error(message), code !== undefined && { code });
}
