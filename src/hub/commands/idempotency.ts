// Which requestId named which command: what makes a request safe to send again (protocol.md, "command:request").
import type { Clock } from '../../protocol/clock.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { REQUEST_ID_MS } from '../../protocol/limits.ts';

interface Remembered {
  commandId: string;
  agentId: string;
  requestedAt: number;
  /** Fulfilled with its place in the queue once the command is on disk. */
  position: Promise<number>;
}

export function createRequestIds(clock: Clock) {
  /** Oldest first, as Maps keep their order. */
  const known = new Map<string, Remembered>();
  const key = (userId: string, requestId: string) => JSON.stringify([userId, requestId]);

  function forgetOld() {
    const oldest = clock.now() - REQUEST_ID_MS;
    for (const [name, { requestedAt }] of known) {
      if (requestedAt > oldest) return;
      known.delete(name);
    }
  }

  return {
    remember(
      userId: string,
      requestId: string,
      {
        id: commandId,
        agentId,
        requestedAt,
      }: Pick<CommandExecution, 'id' | 'agentId' | 'requestedAt'>,
      position: Promise<number> = Promise.resolve(0),
    ) {
      known.set(key(userId, requestId), { commandId, agentId, requestedAt, position });
    },
    forget(userId: string, requestId: string) {
      known.delete(key(userId, requestId));
    },
    /** The command this user named so in the last 24 hours. */
    find(userId: string, requestId: string): Remembered | undefined {
      forgetOld();
      return known.get(key(userId, requestId));
    },
  };
}
