// Writes of changes that a user waits for.
import { HubError } from '../protocol/errors.ts';
import type { StoreHealth } from './store-health.ts';

/**
 * Waits until a change is stored.
 * @throws {HubError} unavailable if it cannot be stored
 */
export async function saveChange(
  storeHealth: Pick<StoreHealth, 'reportFailure'>,
  write: Promise<void>,
): Promise<void> {
  try {
    await write;
  } catch (error) {
    storeHealth.reportFailure(error);
    throw new HubError('unavailable', 'Could not save the change. Try again.');
  }
}
