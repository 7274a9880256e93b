// Transactions in which the server has found a deadlock with another hub: it has rolled them back, so they are tried again.
import { isDeadlock, toDatabaseError } from './errors.ts';

/** How often a transaction is tried. */
const MAX_ATTEMPTS = 3;
/** The pause before the next attempt, in which the other hub gets the locks that it was waiting for. */
const PAUSE_MS = 50;

/** Waits until a transaction can be tried again. Returns false if it cannot. @param attempt the one that has failed, from 1 */
export async function mayRepeat(error: unknown, attempt: number): Promise<boolean> {
  if (!isDeadlock(toDatabaseError(error)) || attempt >= MAX_ATTEMPTS) return false;
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  return true;
}

/** Runs a transaction, again after a deadlock. */
export async function repeatDeadlocked<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (!(await mayRepeat(error, attempt))) throw error;
    }
  }
}
