// Checks the fences of the writes of a transaction: whether the hub still owns the agents.
import { sql } from 'drizzle-orm';
import { type Fence, FENCED_CODE } from '../cluster.ts';
import type { Db } from './connection.ts';
import { agentStates } from './schema.ts';
import { toTextArray } from './text-encoding.ts';

/**
 * Returns which fences hold, and locks them: until the end of the transaction, no hub can claim their agents. The rows of
 * agents that others own are not locked, because the others update them.
 */
export async function lockFences(
  db: Db,
  fences: readonly Fence[],
): Promise<(fence: Fence) => boolean> {
  const ids = [...new Set(fences.map(({ agentId }) => agentId))];
  const epochs = [...new Set(fences.map(({ epoch }) => epoch))];
  const { agentId, epoch, hubId } = agentStates;
  const rows = await db
    .select({ agentId, epoch })
    .from(agentStates)
    .where(
      sql`${agentId} = ANY(${toTextArray(ids)}::text[]) AND ${epoch} = ANY(${`{${epochs.join(',')}}`}::bigint[]) AND ${hubId} IS NOT NULL`,
    )
    .orderBy(agentId)
    .for('share');
  const held = new Map(rows.map((row) => [row.agentId, row.epoch]));
  return (fence) => held.get(fence.agentId) === fence.epoch;
}

/** The error of a write whose fence does not hold. */
export const fencedError = ({ agentId }: Fence): Error =>
  Object.assign(new Error(`Another hub owns the agent "${agentId}" now.`), { code: FENCED_CODE });
