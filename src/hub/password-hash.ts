// Hashes and verifies passwords with Argon2id. A hash takes a core for a moment, so few run at once: otherwise, many
// sign-ins at the same time would stop the hub.
import pLimit from 'p-limit';
import { HubError } from '../protocol/errors.ts';
import {
  MAX_CLIENT_PASSWORD_HASHES,
  MAX_PASSWORD_HASHES,
  MAX_WAITING_PASSWORD_HASHES,
} from '../protocol/limits.ts';
import { createClientCounts } from './client-counts.ts';

/** The cost of a hash; Bun's defaults where it is not set. */
export interface PasswordCost {
  /** In KiB. */
  memoryCost?: number;
  timeCost?: number;
}

/** Its functions throw HubError unavailable if too many calls are waiting, or too many of one client. */
export function createPasswordHasher(cost: PasswordCost = {}) {
  const hashNow = (password: string) =>
    Bun.password.hash(password, { algorithm: 'argon2id', ...cost });
  const limit = pLimit(MAX_PASSWORD_HASHES);
  /**
   * The hash that a password is verified against if the user does not exist, so that the response takes as long as for an
   * existing user.
   */
  let dummyHash: Promise<string> | undefined;

  /** The checks that are running or waiting. */
  const checks = createClientCounts(MAX_CLIENT_PASSWORD_HASHES);

  async function run<T>(task: () => Promise<T>): Promise<T> {
    if (limit.pendingCount >= MAX_WAITING_PASSWORD_HASHES) throw tooMany();
    return limit(task);
  }

  async function runFor<T>(client: string, task: () => Promise<T>): Promise<T> {
    if (!checks.begin(client)) throw tooMany();
    try {
      return await run(task);
    } finally {
      checks.finish(client);
    }
  }

  return {
    hash: (password: string) => run(() => hashNow(password)),
    /**
     * Whether the password is correct. Without a hash, takes equally long and returns false.
     * @param client whom it counts for, such as an address
     */
    verify: (password: string, hash: string | null, client: string) =>
      runFor(client, async () => {
        dummyHash ??= hashNow(crypto.randomUUID());
        const isMatch = await Bun.password.verify(password, hash ?? (await dummyHash));
        return isMatch && hash !== null;
      }),
  };
}

function tooMany() {
  return new HubError('unavailable', 'Too many people are signing in. Try again in 5 s.');
}
