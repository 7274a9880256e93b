// What every part of the hub receives when it is created.
import type { SharedStore } from '../store/cluster.ts';
import type { Clock } from '../protocol/clock.ts';
import type { ExpiringTable } from '../store/expiring.ts';
import type { Audit } from './audit.ts';
import type { Ownership } from './cluster/ownership.ts';
import type { ConnectionLog } from './connection-log.ts';
import type { Log } from './log.ts';
import type { ServerState } from './state/server-state.ts';
import type { StoreHealth } from './store-health.ts';

/** Settings of a hub. Sizes in bytes, times in milliseconds. */
export interface HubSettings {
  maxDashboards: number;
  maxAgents: number;
  commandTimeoutMs: number;
  maxCommandTimeoutMs: number;
  agentGraceMs: number;
  /** A command that has been queued for longer fails as `expired`. */
  queueTtlMs: number;
  /** A running command without output for this long is reported as possibly stuck. */
  stuckAfterMs: number;
  bufferMemoryBytes: number;
  /** How long the output of ended commands is kept in the store: 0 for not at all, null forever. */
  transcriptRetentionMs: number | null;
  /** The maximum size of the stored output of all commands. */
  transcriptQuotaBytes: number;
  /** How long each kind of history is kept; null keeps it forever. */
  auditRetentionMs: number | null;
  connectionLogRetentionMs: number | null;
  commandRetentionMs: number | null;
}

/** Whether the output of ended commands is read from the store. Otherwise, it is in memory only. */
export const keepsTranscripts = (settings: HubSettings): boolean =>
  settings.transcriptRetentionMs !== 0 && settings.transcriptQuotaBytes !== 0;

/** What every part of the hub receives. */
export interface HubContext {
  state: ServerState;
  store: SharedStore;
  expiring: ExpiringTable;
  clock: Clock;
  log: Log;
  settings: HubSettings;
  storeHealth: StoreHealth;
  connectionLog: ConnectionLog;
  audit: Audit;
  ownership: Ownership;
  /** Identifies the pages this hub serves. */
  build: string;
  /**
   * Output sequences can be compared only within one epoch, except by dashboards that know output epochs. It changes every time
   * the hub starts, and when readers may have received output that another hub receives again.
   */
  epoch: string;
}
