// What a test's end of a socket has heard, and waiting for what it will hear: for a message, never for a duration.

export interface Closed {
  code: number;
  reason: string;
}

type OfType<M extends { type: string }, T extends M['type']> = Extract<M, { type: T }>;

export function createInbox<M extends { type: string }>(who: string) {
  const received: M[] = [];
  const watchers = new Set<() => void>();
  const { promise: closed, resolve } = Promise.withResolvers<Closed>();
  let end: Closed | null = null;

  function ofType<T extends M['type']>(type: T): OfType<M, T>[] {
    return received.filter((message): message is OfType<M, T> => message.type === type);
  }

  /** Resolves with what `look` finds, now or after some later message; rejects when the socket is closed before. */
  function when<T>(look: () => T | undefined, what: string): Promise<T> {
    return new Promise((done, fail) => {
      function watch() {
        const found = look();
        if (found !== undefined) {
          watchers.delete(watch);
          return done(found);
        }
        if (!end) return;
        watchers.delete(watch);
        fail(
          new Error(`${who} was closed (${end.code} ${end.reason}) while it waited for ${what}`),
        );
      }
      watchers.add(watch);
      watch();
    });
  }

  return {
    received,
    closed,
    ofType,
    when,
    get isClosed() {
      return end !== null;
    },
    /** The first message, past or to come, that fits. */
    find<T extends M['type']>(
      type: T,
      fits: (message: OfType<M, T>) => boolean = () => true,
    ): Promise<OfType<M, T>> {
      return when(() => ofType(type).find(fits), type);
    },
    take(message: M) {
      received.push(message);
      for (const watch of watchers) watch();
    },
    end(code: number, reason: string) {
      end ??= { code, reason };
      for (const watch of watchers) watch();
      resolve(end);
    },
  };
}
