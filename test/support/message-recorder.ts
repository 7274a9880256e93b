// Records the messages received on a socket and lets a test wait for one, whether it has already arrived or not.
import { createCondition, type Falsy } from './condition.ts';

export interface CloseEvent {
  code: number;
  reason: string;
}

type OfType<M extends { type: string }, T extends M['type']> = Extract<M, { type: T }>;

/** @param receiver the receiver's name, for error messages */
export function createMessageRecorder<M extends { type: string }>(receiver: string) {
  const received: M[] = [];
  const condition = createCondition();
  const { promise: closed, resolve } = Promise.withResolvers<CloseEvent>();
  let closeEvent: CloseEvent | null = null;

  function ofType<T extends M['type']>(type: T): OfType<M, T>[] {
    return received.filter((message): message is OfType<M, T> => message.type === type);
  }

  /**
   * Resolves with the first truthy value of `evaluate`, which runs now and after every message; rejects if the socket
   * closes first.
   */
  function waitUntil<T>(evaluate: () => T | Falsy, description: string): Promise<T> {
    return condition.waitUntil(() => {
      const value = evaluate();
      if (value || !closeEvent) return value;
      const { code, reason } = closeEvent;
      throw new Error(
        `The socket of ${receiver} was closed (${code} ${reason}) while waiting for ${description}.`,
      );
    });
  }

  return {
    received,
    closed,
    ofType,
    waitUntil,
    /** Resolves with the first matching message, past or future. */
    waitFor<T extends M['type']>(
      type: T,
      matches: (message: OfType<M, T>) => boolean = () => true,
    ): Promise<OfType<M, T>> {
      return waitUntil(() => ofType(type).find(matches), type);
    },
    record(message: M) {
      received.push(message);
      condition.notify();
    },
    close(code: number, reason: string) {
      closeEvent ??= { code, reason };
      condition.notify();
      resolve(closeEvent);
    },
  };
}
