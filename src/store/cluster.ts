// What a store that several hubs share has in addition: the hubs themselves, which hub owns an agent, and what has changed.
import { type Static, Type } from '@sinclair/typebox';
import { AgentSummary } from '../protocol/entities.ts';
import type { Store, StoredApproval, StoredChunk, StoredCommand } from './store.ts';

/** A hub that wants to be known. */
export interface HubRegistration {
  /** Its name, such as `hub-1`. */
  node: string;
  /** Identifies one start of the hub. */
  hubId: string;
  version: string;
}

/** What a hub reports about itself when it renews its lease. */
export interface HubReport {
  /** The agents and dashboards that are connected to it. */
  agents: number;
  dashboards: number;
  isDraining: boolean;
  /** How long the last message on the bus and the last commit took, in milliseconds; null if that is not known. */
  busLagMs: number | null;
  storeLagMs: number | null;
}

export interface StoredHub extends HubRegistration, HubReport {
  startedAt: number;
  renewedAt: number;
  /** Whether its lease has not ended, by the clock of the database. */
  isAlive: boolean;
}

/** How a hub holds an agent. Each new owner has a higher epoch, and writes with an earlier one change nothing. */
export interface Fence {
  agentId: string;
  epoch: number;
}

/**
 * Returns the fence of a write; undefined for a write about no agent. It is called when the write is.
 * @param table a member of Store, such as `commands`
 */
export type FenceOf = (
  table: string,
  method: string,
  args: readonly unknown[],
) => Fence | undefined;

/** Whether a method of a store only reads, by its name. */
export const isRead = (method: string): boolean => /^(find|list|count)/.test(method);

/** The state of an agent as its owner published it last. */
export interface StoredAgentState extends Fence {
  /** The owner; null if no hub has owned it yet, or its owner has released it. */
  hubId: string | null;
  /** Whether the lease of the owner has not ended. */
  isOwned: boolean;
  /** Null until its owner has published it, and if this version does not understand what a hub of another one has published. */
  published: PublishedState | null;
  isUnreadable: boolean;
}

/** What the other hubs cannot read from other tables. Hubs of the version before and after read it, so a new field is optional. */
export const PublishedState = Type.Object({
  summary: AgentSummary,
  /** The commands that have ended on the hub and may still run on the agent. */
  stopping: Type.Array(Type.String()),
  terminalSize: Type.Union([
    Type.Object({ cols: Type.Integer(), rows: Type.Integer() }),
    Type.Null(),
  ]),
  /** Identifies the agent process that is connected; null if none is. */
  instanceId: Type.Union([Type.String(), Type.Null()]),
});
export type PublishedState = Static<typeof PublishedState>;

/** The tables that hubs keep in memory. */
export type CachedTable =
  | 'users'
  | 'sessions'
  | 'agents'
  | 'agent_tokens'
  | 'api_tokens'
  | 'secrets';

/** What has changed since a cursor. It can name what has not changed, but misses nothing. */
export interface StoreChanges {
  /** For the next call. */
  cursor: string;
  /** The agents whose state, commands or approval requests may have changed. */
  agentIds: string[];
  tables: CachedTable[];
  /** The commands that have ended, in the order of their transactions. */
  endedIds: string[];
}

/** The code of errors of writes that were not made because another hub owns the agent now. */
export const FENCED_CODE = 'FENCED';
/** The code of the error of `register` if the name is in use. */
export const NODE_IN_USE_CODE = 'NODE_IN_USE';

/** The code of the error if this version of Signalbox cannot use the tables. */
export const SCHEMA_CODE = 'SCHEMA';

/** Whether something failed because another hub has the name. */
export const isNodeInUse = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && error.code === NODE_IN_USE_CODE;

/** Whether something failed because this version cannot use the tables of a later one. */
export const isSchemaError = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && error.code === SCHEMA_CODE;

/** The code of the error of `commands.insert` if a user has requested a command with the same requestId within 24 hours. */
export const REQUEST_KNOWN_CODE = 'REQUEST_KNOWN';

/** How long a lease lasts, and how often it is renewed, in milliseconds. */
export const LEASE_MS = 10_000;
export const RENEW_MS = 3_000;

/** Where a reader is in the output of a command. */
export interface OutputPosition {
  commandId: string;
  nextSequence: number;
}

/** New output of a command. */
export interface StoredNews {
  commandId: string;
  chunks: StoredChunk[];
  /** Whether the next output is in a block, or missing: `output.listFrom` reads it. */
  isElsewhere: boolean;
}

export interface ClusterStore {
  /**
   * Returns the same store, but writes that have a fence change nothing, and reject with `FENCED_CODE`, unless the agent still
   * has this epoch when they are committed.
   */
  fenced(fenceOf: FenceOf): SharedStore;
  /**
   * Registers a hub and starts its lease. A hub of the same name whose lease has ended is replaced.
   * @throws with `NODE_IN_USE_CODE` while another hub of this name has a lease
   * @throws with `SCHEMA_CODE` as `renew`
   */
  register(hub: HubRegistration): Promise<void>;
  /**
   * Renews the lease by the clock of the database. Returns false if the hub is not registered anymore.
   * @throws with `SCHEMA_CODE` if a later version has changed the tables, and this one cannot use them anymore
   */
  renew(hubId: string, report: HubReport): Promise<boolean>;
  /** Ends the lease and releases all agents. */
  leave(hubId: string): Promise<void>;
  /** Lists the hubs by name, those whose lease ended less than an hour ago included. */
  listHubs(): Promise<StoredHub[]>;
  /**
   * Makes a hub the owner of an agent, whoever owns it. Waits for the commits of the current owner that are in flight; all
   * later ones fail.
   * @param expectedEpoch if it is given and another hub has claimed the agent since then, nothing changes
   * @returns the new epoch; null if nothing has changed
   */
  claim(agentId: string, hubId: string, expectedEpoch?: number): Promise<number | null>;
  /** Gives an agent up, if it is still owned with this epoch. */
  release(fence: Fence): Promise<void>;
  /** Publishes the states of agents within 20 ms. Those with an outdated epoch are left out. */
  publishStates(states: readonly (Fence & { published: PublishedState })[]): Promise<void>;
  /** Returns the states of these agents, or of all. An agent that no hub has owned yet has the epoch 0. */
  listStates(agentIds?: readonly string[]): Promise<StoredAgentState[]>;
  /** Lists the queued and running commands of these agents, oldest first. */
  listUnfinishedOf(agentIds: readonly string[]): Promise<StoredCommand[]>;
  /** Lists the ended commands of an agent that may still send output, oldest first. */
  listWithOpenOutputOf(agentId: string): Promise<StoredCommand[]>;
  /** Lists the commands of an agent with a requestId that were requested at or after `time`, oldest first. */
  listRequestedOf(agentId: string, time: number): Promise<StoredCommand[]>;
  /** Reads the next stored output of each of these commands from a sequence on: at most 1,000 chunks that are in no block. */
  listOutputFrom(positions: readonly OutputPosition[]): Promise<StoredNews[]>;
  /**
   * Finds where the output of a command begins that owners with a later epoch have stored, and where what readers of this epoch
   * have received may differ from it; null if there is none. It is known as soon as such an owner has claimed the agent.
   */
  findLaterOutput(commandId: string, epoch: number): Promise<number | null>;
  /** Finds the command that a user has requested with this ID in the last 24 hours. */
  findRequested(userId: string, requestId: string): Promise<StoredCommand | null>;
  /** Lists the agents that were removed and still have commands, or output of commands, that have not ended. */
  listRemovedWithWork(): Promise<Fence[]>;
  /** Lists the approval requests of these commands, oldest first. */
  listApprovalsOf(commandIds: readonly string[]): Promise<StoredApproval[]>;
  /** Finds these commands. */
  listByIds(ids: readonly string[]): Promise<StoredCommand[]>;
  /** @param cursor null at first: then nothing is listed */
  listChanges(cursor: string | null): Promise<StoreChanges>;
  /** Reads a secret that all hubs share; null if there is none. */
  readSecret(name: string): Promise<string | null>;
  /** Stores a secret if it is still `expected` (null: if there is none). Returns whether it was stored. */
  writeSecret(name: string, text: string, expected: string | null): Promise<boolean>;
}

/** A store. It has `cluster` if several hubs can share it. */
export type SharedStore = Store & { readonly cluster?: ClusterStore };
