// Where the output of commands comes from whose agents are connected to other hubs.
import type { StoredCommand } from '../../store/store.ts';

/** What a dashboard has received, on this hub or on another one. */
export interface Received {
  /** The last sequence. */
  afterSequence: number;
  /** The output epoch that a hub sent it last. */
  epoch: number;
}

/** What the parts that serve readers need to know. */
export interface OutputSource {
  /** Whether the sequences of committed output are the same on other hubs, so that dashboards can continue here. */
  readonly isShared: boolean;
  /**
   * Opens the buffer of a running command whose agent another hub owns, and reads what has been committed; undefined if there is
   * nothing to do.
   */
  refresh(commandId: string): Promise<void> | undefined;
  /** Opens the buffer of a command whose output is not complete. Returns whether it is open. */
  open(command: StoredCommand): Promise<boolean>;
  /** The epoch to which the output belongs that this hub holds of a command. */
  epochOf(command: Pick<StoredCommand, 'id' | 'agentId'>): number;
  /**
   * Whether a dashboard can continue after what it has received. Waits if it has received more than this hub knows of.
   * @param isWanted whether the answer is still needed
   */
  isValid(
    command: Pick<StoredCommand, 'id' | 'agentId'>,
    received: Received,
    isWanted: () => boolean,
  ): Promise<boolean>;
}

/** A hub that is alone has the buffers of all running commands. */
export const ownOutput: OutputSource = {
  isShared: false,
  refresh: () => undefined,
  open: () => Promise.resolve(false),
  epochOf: () => 0,
  isValid: () => Promise.resolve(true),
};
