// User accounts. The first admin is created when the hub is set up.
import { HubError } from '../protocol/errors.ts';
import type { HubContext } from './context.ts';
import { createPasswordHasher } from './password-hash.ts';
import type { Actor } from './state/dashboard.ts';

export function createAccounts({ store, clock }: Pick<HubContext, 'store' | 'clock'>) {
  const passwords = createPasswordHasher();

  return {
    /** Whether at least one account exists. */
    exist: async () => (await store.users.count()) > 0,
    /**
     * Returns the user if name and password are correct, null otherwise.
     * @throws {HubError} unavailable
     */
    async authenticate(username: string, password: string): Promise<Actor | null> {
      const user = await store.users.find(username);
      const isCorrect = await passwords.verify(password, user?.passwordHash);
      return user && isCorrect ? { userId: user.id, role: user.role } : null;
    },
    /**
     * Creates the first account, `admin`.
     * @throws {HubError} forbidden if an account exists
     */
    async createFirstAdmin(password: string): Promise<Actor> {
      const passwordHash = await passwords.hash(password);
      if ((await store.users.count()) > 0) {
        throw new HubError('forbidden', 'An admin account already exists.');
      }
      const admin = { id: 'admin', role: 'admin' as const };
      await store.users.insert({ ...admin, passwordHash, createdAt: clock.now() });
      return { userId: admin.id, role: admin.role };
    },
  };
}
