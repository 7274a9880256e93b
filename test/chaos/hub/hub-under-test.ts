// The hub of a round: the compiled executable, the same hub in this process with a clock that can jump and a store that can
// fail, or several hubs with one database, which clients cannot tell from one.
import type { Rows } from '../rows.ts';

/** One hub, as far as faults affect all of it. */
export interface HubProcess {
  /** Whether it runs, and has been ready. */
  isUp(): boolean;
  /** Ends it without a shutdown and starts it again. Of several hubs, one starts again later, in the background. */
  kill(): Promise<void>;
  /** Shuts it down and starts it again. */
  restart(): Promise<void>;
  /** Ends one of its store threads: it shuts down, and is started again. */
  killStoreThread(index: number): Promise<void>;
  freeze(): void;
  resume(): void;
}

export interface HubUnderTest {
  processes: HubProcess[];
  /** The process that listens on a port. */
  processAt(port: number): HubProcess;
  /** Returns the port for a new connection. */
  port(): number;
  /** Returns a token for dashboards. */
  issueToken(): Promise<string>;
  /** Adds an agent and returns its token. */
  addAgent(agentId: string): Promise<string>;
  /** Lets time pass at once; a negative value sets its clock back. */
  jumpClock(ms: number): void;
  /**
   * Fails these calls of the store until `end`, which returns how many have failed, or until the hub restarts.
   * `hasFailed` resolves with the first one.
   */
  failStore(calls: readonly string[]): { hasFailed: Promise<void>; end(): number };
  /** Returns the time of its clock, in Unix milliseconds. */
  now(): number;
  /** Returns when an epoch started, by its clock. */
  epochStart(hubEpoch: string): number;
  /** Shuts it down and returns what its database contains. */
  stop(): Promise<Rows>;
  dispose(): Promise<void>;
  /** Returns unexpected exits and the error lines of its log. */
  errors(): string[];
  log(): string;
}
