// Where the output of commands comes from whose agents are connected to other hubs.
import type { StoredCommand } from '../../store/store.ts';

/** What the parts that serve readers need to know. */
export interface OutputSource {
  /**
   * Opens the buffer of a running command whose agent another hub owns, and reads what has been committed; undefined if there is
   * nothing to do.
   */
  refresh(commandId: string): Promise<void> | undefined;
  /** Opens the buffer of a command whose output is not complete. Returns whether it is open. */
  open(command: StoredCommand): Promise<boolean>;
}

/** A hub that is alone has the buffers of all running commands. */
export const ownOutput: OutputSource = {
  refresh: () => undefined,
  open: () => Promise.resolve(false),
};
