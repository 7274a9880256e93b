// Which hub owns an agent, and what it publishes about it.
import { and, eq, isNotNull, sql } from 'drizzle-orm';
import pLimit from 'p-limit';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { type ClusterStore, PublishedState, type StoredAgentState } from '../cluster.ts';
import type { Db } from './context.ts';
import { repeatDeadlocked } from './deadlocks.ts';
import { isHubAlive } from './hubs.ts';
import type { Pool } from './pool.ts';
import { agents, agentStates, hubs } from './schema.ts';
import { decodeJson, encodeJson, encodeText, toTextArray } from './text-encoding.ts';
import type { Writer } from './writer.ts';

const isPublishedState = TypeCompiler.Compile(PublishedState);

type Published = Parameters<ClusterStore['publishStates']>[0];

interface Parts {
  pool: Pick<Pool, 'read'>;
  /** Has connections that no long query occupies. */
  own: Pick<Pool, 'read'>;
  writer: Writer;
  /** The claims at once: each can wait for another hub. */
  maxClaims: number;
}

export function createAgentStateStore({
  pool,
  own,
  writer,
  maxClaims,
}: Parts): Pick<ClusterStore, 'claim' | 'release' | 'publishStates' | 'listStates'> {
  const limitClaims = pLimit(maxClaims);
  return {
    claim: (agentId, hubId, expectedEpoch) =>
      limitClaims(() =>
        repeatDeadlocked(() => own.read((db) => claim(db, agentId, hubId, expectedEpoch))),
      ),
    release: ({ agentId, epoch }) =>
      repeatDeadlocked(() =>
        own.read(async (db) => {
          await db
            .update(agentStates)
            .set({ hubId: null })
            .where(and(eq(agentStates.agentId, agentId), eq(agentStates.epoch, epoch)));
        }),
      ),
    publishStates: (states) =>
      states.length === 0 ? Promise.resolve() : writer.writeDeferred((db) => publish(db, states)),
    listStates: (agentIds) => pool.read((db) => listStates(db, agentIds)),
  };
}

/** One statement, which waits for the transactions that have locked a fence of the agent. */
async function claim(
  db: Db,
  agentId: string,
  hubId: string,
  expectedEpoch: number | undefined,
): Promise<number | null> {
  const { epoch } = agentStates;
  if (expectedEpoch !== undefined && expectedEpoch > 0) {
    const [claimed] = await db
      .update(agentStates)
      .set({ hubId, epoch: sql`${epoch} + 1` })
      .where(and(eq(agentStates.agentId, agentId), eq(epoch, expectedEpoch)))
      .returning({ epoch });
    return claimed?.epoch ?? null;
  }
  const insertion = db.insert(agentStates).values({ agentId, hubId, epoch: 1 });
  const [claimed] = await (
    expectedEpoch === 0
      ? insertion.onConflictDoNothing()
      : insertion.onConflictDoUpdate({
          target: agentStates.agentId,
          set: { hubId, epoch: sql`${epoch} + 1` },
        })
  ).returning({ epoch });
  return claimed?.epoch ?? null;
}

async function publish(db: Db, states: Published) {
  // The last one of each agent.
  const rows = new Map(
    states.map(({ agentId, epoch, published }) => [
      agentId,
      { agent_id: encodeText(agentId), epoch, published: encodeJson(published) },
    ]),
  );
  await db.execute(sql`
    UPDATE ${agentStates} SET published = state.published
    FROM json_to_recordset(${JSON.stringify([...rows.values()])}::text::json)
      AS state (agent_id text, epoch bigint, published text)
    WHERE ${agentStates.agentId} = state.agent_id AND ${agentStates.epoch} = state.epoch
      AND ${isNotNull(agentStates.hubId)}
  `);
}

/** The states of these agents, or of all that are registered. */
async function listStates(
  db: Db,
  agentIds: readonly string[] | undefined,
): Promise<StoredAgentState[]> {
  const { hubId, epoch, published } = agentStates;
  const listed =
    agentIds === undefined
      ? sql`(SELECT ${agents.agentId} FROM ${agents})`
      : sql`(SELECT unnest(${toTextArray([...new Set(agentIds)])}::text[]))`;
  const wanted = sql`${listed} AS wanted (id)`;
  const id = sql<string>`wanted.id COLLATE "C"`.mapWith(agentStates.agentId);
  const rows = await db
    .select({
      agentId: id,
      hubId,
      epoch: sql<number>`coalesce(${epoch}, 0)`.mapWith(Number),
      isOwned: sql<boolean>`coalesce(${isHubAlive}, false)`,
      json: sql<string | null>`${published}`,
    })
    .from(wanted)
    .leftJoin(agentStates, sql`${agentStates.agentId} = wanted.id`)
    .leftJoin(hubs, eq(hubs.hubId, hubId))
    .orderBy(id);
  return rows.map(({ json, ...row }) => {
    const state = json === null ? null : parsePublished(json);
    return { ...row, published: state, isUnreadable: json !== null && state === null };
  });
}

/** Returns null if it is not what this version publishes: a hub of another version has published it. */
function parsePublished(json: string): PublishedState | null {
  try {
    const state = decodeJson(json);
    return isPublishedState.Check(state) ? state : null;
  } catch {
    return null;
  }
}
