// The PostgreSQL tables with which several hubs share a database: the hubs, the owners of agents, what has changed, and what
// may exist only once. Triggers note the changes (migrations/0001_cluster.sql). See schema.ts.
import {
  boolean,
  customType,
  doublePrecision,
  index,
  pgTable,
  primaryKey,
} from 'drizzle-orm/pg-core';
import type { PublishedState } from '../cluster.ts';
import type { StoredExpiring } from '../expiring.ts';
import type { TableOf } from '../table-of.ts';
import { integer, json, text } from './columns.ts';

/** The number of a transaction. Numbers are given in the order of starts, not of commits. */
const transaction = customType<{ data: string }>({ dataType: () => 'xid8' });

/** All times are those of the database's clock. */
export const hubs = pgTable('hubs', {
  node: text().primaryKey(),
  hubId: text().notNull(),
  version: text().notNull(),
  /** How many migrations it knows. Null for hubs of versions that do not store it. */
  schemaVersion: integer(),
  startedAt: integer().notNull(),
  renewedAt: integer().notNull(),
  leaseEndsAt: integer().notNull(),
  hasLeft: boolean().notNull().default(false),
  agents: integer().notNull().default(0),
  dashboards: integer().notNull().default(0),
  isDraining: boolean().notNull().default(false),
  busLagMs: doublePrecision(),
  storeLagMs: doublePrecision(),
});

/** Rows are never deleted: an agent that is added again must not get an epoch that a hub still writes with. */
export const agentStates = pgTable('agent_states', {
  agentId: text().primaryKey(),
  hubId: text(),
  epoch: integer().notNull(),
  published: json().$type<PublishedState>(),
});

/** The last transaction that changed something about an agent. Narrow rows, because they change often. */
export const agentChanges = pgTable('agent_changes', {
  agentId: text().primaryKey(),
  changedBy: transaction().notNull(),
});

/** The last transaction that changed a table that hubs keep in memory. */
export const tableVersions = pgTable('table_versions', {
  name: text().primaryKey(),
  changedBy: transaction().notNull(),
});

export const secrets = pgTable('secrets', {
  name: text().primaryKey(),
  text: text().notNull(),
});

/** Values that are needed for some minutes, such as what a password link is for. */
export const expiringValues = pgTable(
  'expiring_values',
  {
    kind: text().notNull(),
    key: text().notNull(),
    owner: text().notNull(),
    value: json().$type<unknown>().notNull(),
    expiresAt: integer().notNull(),
    uses: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.key] }),
    index('expiring_values_by_end').on(table.expiresAt),
  ],
) satisfies TableOf<StoredExpiring>;

/** The requests of the last 24 hours that must not be repeated. */
export const requestKeys = pgTable(
  'request_keys',
  {
    requestedBy: text().notNull(),
    requestId: text().notNull(),
    commandId: text().notNull(),
    requestedAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.requestedBy, table.requestId] }),
    index('request_keys_by_time').on(table.requestedAt),
  ],
);
