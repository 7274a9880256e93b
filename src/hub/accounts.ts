// The people who may log in. The first admin is made at the first start; more accounts come later.
import { Refusal } from '../protocol/errors.ts';
import type { Actor } from './state/dashboard.ts';
import type { HubContext } from './state/server-state.ts';

/** A hash to check against where there is no such user, so that the answer takes as long. */
const NOBODY = Bun.password.hash(crypto.randomUUID());

export function createAccounts({ store, clock }: Pick<HubContext, 'store' | 'clock'>) {
  return {
    /** Whether nobody has an account yet. */
    areMissing: async () => (await store.users.count()) === 0,
    /** Who this is, if name and password are right. */
    async authenticate(username: string, password: string): Promise<Actor | null> {
      const user = await store.users.find(username);
      const right = await Bun.password.verify(password, user?.passwordHash ?? (await NOBODY));
      return user && right ? { userId: user.id, role: user.role } : null;
    },
    /**
     * Makes the first account, `admin`.
     * @throws {Refusal} forbidden once there is one
     */
    async createFirstAdmin(password: string): Promise<Actor> {
      const passwordHash = await Bun.password.hash(password);
      if ((await store.users.count()) > 0)
        throw new Refusal('forbidden', 'There is an admin already.');
      const admin = { id: 'admin', role: 'admin' as const };
      await store.users.insert({ ...admin, passwordHash, createdAt: clock.now() });
      return { userId: admin.id, role: admin.role };
    },
  };
}
