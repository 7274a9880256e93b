// Makes requests safe to repeat: a `requestId` identifies the same command for 24 hours (docs/protocol.md,
// "command:request").
import type { Clock } from '../../protocol/clock.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { REQUEST_ID_TTL_MS } from '../../protocol/limits.ts';

interface KnownRequest {
  commandId: string;
  agentId: string;
  requestedAt: number;
  /** Resolves with the position in the queue when the command is committed. */
  position: Promise<number>;
  /** Whether a request is for the same command. */
  isSame(request: Pick<CommandExecution, 'agentId' | 'command'>): boolean;
}

/** A hash instead of the command: a day's commands of up to 64 KB each would take too much memory. */
function hashOf({ agentId, command }: Pick<CommandExecution, 'agentId' | 'command'>) {
  return Bun.hash(JSON.stringify([agentId, command]));
}

export function createIdempotency(clock: Clock) {
  /** Oldest first. */
  const requests = new Map<string, KnownRequest>();
  const keyOf = (userId: string, requestId: string) => JSON.stringify([userId, requestId]);

  function deleteExpired() {
    const oldest = clock.now() - REQUEST_ID_TTL_MS;
    for (const [key, { requestedAt }] of requests) {
      if (requestedAt > oldest) return;
      requests.delete(key);
    }
  }

  return {
    add(
      userId: string,
      requestId: string,
      command: Pick<CommandExecution, 'id' | 'agentId' | 'command' | 'requestedAt' | 'editedBy'>,
      position: Promise<number> = Promise.resolve(0),
    ) {
      const { id: commandId, agentId, requestedAt, editedBy } = command;
      const hash = hashOf(command);
      // The text of the request is not known any more if the command was edited before the hub restarted.
      const isSame: KnownRequest['isSame'] = (request) =>
        editedBy === null ? hashOf(request) === hash : request.agentId === agentId;
      requests.set(keyOf(userId, requestId), { commandId, agentId, requestedAt, position, isSame });
    },
    delete(userId: string, requestId: string) {
      requests.delete(keyOf(userId, requestId));
    },
    /** The command that this user requested with this ID in the last 24 hours. */
    find(userId: string, requestId: string): KnownRequest | undefined {
      deleteExpired();
      return requests.get(keyOf(userId, requestId));
    },
  };
}
