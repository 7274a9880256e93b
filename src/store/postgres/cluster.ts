// What a database that several hubs share has in addition to a store (src/store/cluster.ts).
import { and, asc, eq, getTableColumns, gt, gte, isNotNull, min, or, sql } from 'drizzle-orm';
import type { ClusterStore, Fence } from '../cluster.ts';
import { createFencedStore } from '../fences.ts';
import type { Store } from '../store.ts';
import { createAgentStateStore } from './agent-states.ts';
import { type Db, isOneOf } from './context.ts';
import { createHubStore } from './hubs.ts';
import { listOutputFrom } from './output-news.ts';
import type { Pool } from './pool.ts';
import {
  agents,
  agentStates,
  approvals,
  commands,
  outputEpochs,
  requestKeys,
  secrets,
} from './schema.ts';
import { listChanges } from './store-changes.ts';
import type { Writer } from './writer.ts';

/** The connections for leases and claims. */
export const CLUSTER_CONNECTIONS = 3;
/** One connection remains for the leases. */
const MAX_CLAIMS = CLUSTER_CONNECTIONS - 1;

interface Parts {
  pool: Pool;
  /** Has `CLUSTER_CONNECTIONS`. */
  own: Pool;
  writer: Writer;
  /** How many migrations this version of Signalbox knows. */
  schemaVersion: number;
  /** Returns the store that this is a part of. */
  store: () => Store;
}

export function createClusterStore({
  pool,
  own,
  writer,
  schemaVersion,
  store,
}: Parts): ClusterStore {
  const { read } = pool;
  return {
    fenced: (fenceOf) => createFencedStore(store(), fenceOf),
    ...createHubStore(own, schemaVersion),
    ...createAgentStateStore({ pool, own, writer, maxClaims: MAX_CLAIMS }),
    listUnfinishedOf: (agentIds) =>
      read((db) =>
        db
          .select()
          .from(commands)
          .where(
            and(
              isOneOf(commands.agentId, agentIds),
              isOneOf(commands.status, ['queued', 'running']),
            ),
          )
          .orderBy(asc(commands.id)),
      ),
    listWithOpenOutputOf: (agentId) =>
      read((db) =>
        db
          .select()
          .from(commands)
          .where(and(sql`is_output_open`, eq(commands.agentId, agentId)))
          .orderBy(asc(commands.id)),
      ),
    listRequestedOf: (agentId, time) =>
      read((db) =>
        db
          .select()
          .from(commands)
          .where(
            and(
              eq(commands.agentId, agentId),
              gte(commands.requestedAt, time),
              isNotNull(commands.requestId),
            ),
          )
          .orderBy(asc(commands.requestedAt)),
      ),
    listOutputFrom: (positions) => read((db) => listOutputFrom(db, positions)),
    findLaterOutput: (commandId, epoch) =>
      read(async (db) => {
        const [found] = await db
          .select({ first: min(outputEpochs.firstSequence) })
          .from(outputEpochs)
          .where(and(eq(outputEpochs.commandId, commandId), gt(outputEpochs.epoch, epoch)));
        return found?.first ?? null;
      }),
    findRequested: (userId, requestId) =>
      read(async (db) => {
        const [found] = await db
          .select(getTableColumns(commands))
          .from(requestKeys)
          .innerJoin(commands, eq(commands.id, requestKeys.commandId))
          .where(and(eq(requestKeys.requestedBy, userId), eq(requestKeys.requestId, requestId)));
        return found ?? null;
      }),
    listRemovedWithWork: () => read(listRemovedWithWork),
    listApprovalsOf: (commandIds) =>
      read((db) =>
        db
          .select()
          .from(approvals)
          .where(isOneOf(approvals.commandId, commandIds))
          .orderBy(asc(approvals.requestedAt)),
      ),
    listByIds: (ids) =>
      read((db) =>
        db.select().from(commands).where(isOneOf(commands.id, ids)).orderBy(asc(commands.id)),
      ),
    listChanges: (cursor) => own.read((db) => listChanges(db, cursor)),
    readSecret: (name) =>
      read(async (db) => {
        const [found] = await db.select().from(secrets).where(eq(secrets.name, name));
        return found?.text ?? null;
      }),
    writeSecret: (name, text, expected) =>
      own.read(async (db) => {
        const written =
          expected === null
            ? await db.insert(secrets).values({ name, text }).onConflictDoNothing().returning()
            : await db
                .update(secrets)
                .set({ text })
                .where(and(eq(secrets.name, name), eq(secrets.text, expected)))
                .returning();
        return written.length > 0;
      }),
  };
}

async function listRemovedWithWork(db: Db): Promise<Fence[]> {
  const { agentId } = commands;
  return db
    .selectDistinct({
      agentId,
      epoch: sql<number>`coalesce(${agentStates.epoch}, 0)`.mapWith(Number),
    })
    .from(commands)
    .leftJoin(agentStates, eq(agentStates.agentId, agentId))
    .where(
      and(
        or(isOneOf(commands.status, ['queued', 'running']), sql`is_output_open`),
        sql`NOT EXISTS (SELECT 1 FROM ${agents} WHERE ${agents.agentId} = ${agentId})`,
      ),
    );
}
