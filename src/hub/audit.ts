// The audit log: who did what, from where. An action and its entry are stored in one transaction, so that neither exists
// without the other.
import type {
  AuditAction,
  AuditDetail,
  AuditEntry,
  AuditPage,
  AuditQuery,
} from '../protocol/audit.ts';
import type { Clock } from '../protocol/clock.ts';
import type { Store } from '../store/store.ts';
import type { Log } from './log.ts';
import type { StoreHealth } from './store-health.ts';
import { requirePermission } from './require-permission.ts';
import type { Actor } from './state/dashboard.ts';

/** The number of entries that an export reads at once: the maximum of a page. */
const EXPORT_PAGE_LENGTH = 200;

/** The user or the agent that acts. */
export interface AuditActor {
  kind?: 'user' | 'agent';
  /** The user or the agent; null if it is unknown who sent the request. */
  userId: string | null;
  /** The session, API token or agent token. */
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

export function createAudit(store: Store, clock: Clock, log: Log, storeHealth: StoreHealth) {
  function createEntry(
    actor: AuditActor | 'system',
    { action, target, detail }: AuditEvent,
  ): AuditEntry {
    const time = clock.now();
    const { kind, userId, sessionId, address }: AuditActor =
      actor === 'system' ? { userId: null } : actor;
    return {
      id: Bun.randomUUIDv7('hex', time),
      time,
      actorKind: actor === 'system' ? 'system' : (kind ?? 'user'),
      actor: userId,
      credentialId: sessionId ?? null,
      address: address ?? null,
      action,
      target: target ?? null,
      detail: detail ?? {},
    };
  }

  /**
   * Records an action that stores nothing else.
   * @throws {HubError} unavailable; the action must not take place
   */
  async function record(actor: AuditActor, event: AuditEvent): Promise<void> {
    const write = store.audit.insert(createEntry(actor, event));
    await storeHealth.save(write, 'Could not write to the audit log. Try again.');
  }

  async function* readPages(query: AuditQuery): AsyncGenerator<AuditEntry[], undefined> {
    let cursor: string | null = null;
    do {
      const page: AuditPage = await store.audit.listPage({
        ...query,
        limit: EXPORT_PAGE_LENGTH,
        ...(cursor !== null && { cursor }),
      });
      yield page.items;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  return {
    /** Creates the entry of an action, to be stored with it. */
    createEntry,
    record,
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
    /**
     * Returns a page of the log, newest first, merged with the connection log.
     * @throws {HubError} forbidden
     */
    async listPage(actor: Actor, query: AuditQuery): Promise<AuditPage> {
      requirePermission(actor, 'audit:read');
      return store.audit.listPage(query);
    },
    /**
     * Reads all pages of the log that match the filters, once the export is recorded.
     * @throws {HubError} forbidden, unavailable
     */
    async export(actor: Actor, { limit: _, cursor, ...filters }: AuditQuery, format: string) {
      requirePermission(actor, 'audit:read');
      await record(actor, { action: 'audit.exported', detail: { format, ...filters } });
      return readPages(filters);
    },
  };
}
