// The hubs that share a database, and their leases, by the clock of the database.
import { and, eq, getTableColumns, gt, lt, type SQL, sql } from 'drizzle-orm';
import { type ClusterStore, isSchemaError, LEASE_MS, NODE_IN_USE_CODE } from '../cluster.ts';
import { databaseNow } from './columns.ts';
import type { Db } from './context.ts';
import type { Pool } from './pool.ts';
import { assertUsable } from './schema-version.ts';
import { agentStates, hubs } from './schema.ts';

/** How long hubs are listed after the end of their lease. */
const LISTED_MS = 3_600_000;

const leaseEnd = sql`${databaseNow} + ${LEASE_MS}::bigint`;
const oldest = sql`${databaseNow} - ${LISTED_MS}::bigint`;

/** Whether the lease of a hub has not ended. */
export const isHubAlive: SQL<boolean> = sql`${hubs.leaseEndsAt} > ${databaseNow}`;

/**
 * @param own has connections that no long query occupies, so that no lease ends because of one
 * @param schemaVersion how many migrations this version of Signalbox knows
 */
export function createHubStore(
  own: Pick<Pool, 'read'>,
  schemaVersion: number,
): Pick<ClusterStore, 'register' | 'renew' | 'leave' | 'listHubs'> {
  async function endLease(db: Db, hubId: string) {
    await db
      .update(hubs)
      .set({ leaseEndsAt: databaseNow, hasLeft: true })
      .where(eq(hubs.hubId, hubId));
  }

  /** While the hub has a lease, no migration makes the tables useless for it. Before, one can have. */
  async function requireUsable(db: Db, hubId: string) {
    try {
      await assertUsable(db, schemaVersion);
    } catch (error) {
      if (isSchemaError(error)) await endLease(db, hubId);
      throw error;
    }
  }

  return {
    register: ({ node, hubId, version }) =>
      own.read(async (db) => {
        await db.delete(hubs).where(lt(hubs.leaseEndsAt, oldest));
        const row = {
          hubId,
          version,
          schemaVersion,
          startedAt: databaseNow,
          renewedAt: databaseNow,
          leaseEndsAt: leaseEnd,
          hasLeft: false,
          agents: 0,
          dashboards: 0,
          isDraining: false,
          busLagMs: null,
          storeLagMs: null,
        };
        const registered = await db
          .insert(hubs)
          .values({ node, ...row })
          .onConflictDoUpdate({
            target: hubs.node,
            set: row,
            setWhere: sql`${hubs.leaseEndsAt} <= ${databaseNow} OR ${hubs.hubId} = ${hubId}`,
          })
          .returning({ node: hubs.node });
        if (registered.length > 0) return requireUsable(db, hubId);
        const message = `Another hub is called "${node}". Stop it, or choose another name with --node.`;
        throw Object.assign(new Error(message), { code: NODE_IN_USE_CODE });
      }),
    renew: (hubId, report) =>
      own.read(async (db) => {
        const { agents, dashboards, isDraining, busLagMs, storeLagMs } = report;
        const renewed = await db
          .update(hubs)
          .set({
            agents,
            dashboards,
            isDraining,
            busLagMs,
            storeLagMs,
            renewedAt: databaseNow,
            leaseEndsAt: leaseEnd,
          })
          .where(and(eq(hubs.hubId, hubId), eq(hubs.hasLeft, false)))
          .returning({ node: hubs.node });
        await requireUsable(db, hubId);
        return renewed.length > 0;
      }),
    leave: (hubId) =>
      own.read(async (db) => {
        await db.update(agentStates).set({ hubId: null }).where(eq(agentStates.hubId, hubId));
        await endLease(db, hubId);
      }),
    listHubs: () =>
      own.read((db) => {
        const { leaseEndsAt, hasLeft, schemaVersion: known, ...columns } = getTableColumns(hubs);
        return db
          .select({ ...columns, isAlive: isHubAlive })
          .from(hubs)
          .where(gt(hubs.leaseEndsAt, oldest))
          .orderBy(hubs.node);
      }),
  };
}
