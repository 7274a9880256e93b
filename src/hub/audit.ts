// The audit log: who did what, from where. An action and its entry are stored in one transaction, so that neither exists
// without the other.
import type { AuditAction, AuditDetail, AuditEntry } from '../protocol/audit.ts';
import { HubError } from '../protocol/errors.ts';
import type { HubContext } from './context.ts';

/** The user who acts. `userId` is null if it is unknown who sent the request. */
export interface AuditActor {
  userId: string | null;
  sessionId?: string;
  address?: string | null;
}

/** What happened: the action, the agent, command or user that it is about, and facts without secrets. */
export interface AuditEvent {
  action: AuditAction;
  target?: string;
  detail?: AuditDetail;
}

export type Audit = ReturnType<typeof createAudit>;

export function createAudit({
  store,
  clock,
  log,
  storeHealth,
}: Pick<HubContext, 'store' | 'clock' | 'log' | 'storeHealth'>) {
  function createEntry(
    actor: AuditActor | 'system',
    { action, target, detail }: AuditEvent,
  ): AuditEntry {
    const time = clock.now();
    const { userId, sessionId, address } = actor === 'system' ? { userId: null } : actor;
    return {
      id: Bun.randomUUIDv7('hex', time),
      time,
      actorKind: actor === 'system' ? 'system' : 'user',
      actor: userId,
      credentialId: sessionId ?? null,
      address: address ?? null,
      action,
      target: target ?? null,
      detail: detail ?? {},
    };
  }

  return {
    /** Creates the entry of an action, to be stored with it. */
    createEntry,
    /**
     * Records an action that stores nothing else.
     * @throws {HubError} unavailable; the action must not take place
     */
    async record(actor: AuditActor, event: AuditEvent): Promise<void> {
      try {
        await store.audit.insert(createEntry(actor, event));
      } catch (error) {
        storeHealth.reportFailure(error);
        throw new HubError('unavailable', 'Could not write to the audit log. Try again.');
      }
    },
    /** Records an action that takes effect at once, as soon as the store accepts writes. */
    recordEventually(actor: AuditActor, event: AuditEvent): Promise<void> {
      const entry = createEntry(actor, event);
      return storeHealth.retry(() => store.audit.insert(entry));
    },
    /** Records a rejected attempt. If this fails, the entry is only logged: attempts must not use up memory. */
    recordFailure(actor: AuditActor, event: AuditEvent): void {
      const entry = createEntry(actor, event);
      store.audit.insert(entry).catch((error: unknown) => {
        storeHealth.reportFailure(error);
        log.warn('Could not write to the audit log.', { ...entry, error });
      });
    },
    /** Returns a page of the log, newest first, merged with the connection log. */
    listPage: store.audit.listPage,
  };
}
