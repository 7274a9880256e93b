// Two-factor sign-in: a user sets up an authenticator app, and then needs a code of it, or a recovery code, to sign in.
import pLimit from 'p-limit';
import type { AuditEntry } from '../protocol/audit.ts';
import { HubError } from '../protocol/errors.ts';
import { SECOND_STEP_MS, TWO_FACTOR_SETUP_MS } from '../protocol/limits.ts';
import type { StoredTwoFactor } from '../store/store.ts';
import { refreshUsers } from './cluster/refresh-users.ts';
import type { HubContext } from './context.ts';
import { createExpiringValues } from './expiring-values.ts';
import {
  createKeyUri,
  createRecoveryCodes,
  createSecret,
  findStep,
  hashRecoveryCode,
} from './one-time-codes.ts';
import type { Actor, Identity } from './state/dashboard.ts';

/** The secret for an authenticator app, before two-factor sign-in is on. */
export interface TwoFactorSetup {
  /** In Base32. */
  secret: string;
  /** For a QR code. */
  keyUri: string;
}

/** How many wrong codes end a sign-in. */
const MAX_WRONG_CODES = 5;
const MAX_PENDING = 1_000;

export type TwoFactor = ReturnType<typeof createTwoFactor>;

export function createTwoFactor(
  context: Pick<HubContext, 'store' | 'clock' | 'storeHealth' | 'audit' | 'expiring'>,
) {
  const { store, clock, storeHealth, audit } = context;
  /** Changes and checks run one at a time, so that each code is accepted once. */
  const oneAtATime = pLimit(1);
  /** The secrets of users who have not confirmed them with a code. */
  const setups = createExpiringValues<string>(context, {
    kind: 'two-factor-setup',
    lifetimeMs: TWO_FACTOR_SETUP_MS,
    max: Number.MAX_SAFE_INTEGER,
  });
  /** The names of users who have entered the correct password, and must enter a code. */
  const pending = createExpiringValues<string>(context, {
    kind: 'second-step',
    lifetimeMs: SECOND_STEP_MS,
    max: MAX_PENDING,
  });

  const save = (username: string, twoFactor: StoredTwoFactor | null, entry?: AuditEntry) =>
    storeHealth.save(store.users.update(username, { twoFactor }, entry));

  /** Returns what remains after a code is used; null if the code is incorrect or has been used. */
  function consume(twoFactor: StoredTwoFactor, code: string): StoredTwoFactor | null {
    const { secret, lastStep, recoveryHashes } = twoFactor;
    const step = findStep(secret, code, { now: clock.now(), lastStep });
    if (step !== null) return { ...twoFactor, lastStep: step };
    const hash = hashRecoveryCode(code);
    if (!recoveryHashes.includes(hash)) return null;
    return { ...twoFactor, recoveryHashes: recoveryHashes.filter((one) => one !== hash) };
  }

  /** The secret that waits for its confirmation; null if there is none or it has expired. */
  async function findSetup(username: string): Promise<TwoFactorSetup | null> {
    const secret = await setups.get(username);
    return secret === undefined ? null : { secret, keyUri: createKeyUri(secret, username) };
  }

  /** Ends the setup and the second steps of a user whose password or account has changed. */
  async function revoke(username: string): Promise<void> {
    await setups.endAll(username);
    await pending.endAll(username);
  }

  /** @throws {HubError} forbidden if the user cannot set it up */
  async function requireOff(username: string): Promise<void> {
    const user = await store.users.find(username);
    if (!user?.passwordHash) {
      throw new HubError('forbidden', 'Two-factor sign-in is for users with a password.');
    }
    if (user.twoFactor) throw new HubError('forbidden', 'Two-factor sign-in is already on.');
  }

  /** Called for one code at a time. */
  async function acceptOnce(username: string, code: string): Promise<Actor | null> {
    await storeHealth.save(refreshUsers(store), 'Cannot read the users. Try again.');
    const user = await store.users.find(username);
    if (!user?.twoFactor || user.disabledAt !== null) return null;
    const remaining = consume(user.twoFactor, code);
    if (!remaining) return null;
    let isAccepted = false;
    const write = store.users.replaceTwoFactor(username, user.twoFactor, remaining);
    await storeHealth.save(write.then((isReplaced) => void (isAccepted = isReplaced)));
    // Otherwise, another hub has accepted a code in this moment: the same one, or the user tries again.
    return isAccepted ? { userId: user.id, role: user.role, agents: user.agents } : null;
  }

  return {
    /** The number of recovery codes that a user has left; null if two-factor sign-in is off. */
    async countRecoveryCodes(username: string): Promise<number | null> {
      const user = await store.users.find(username);
      return user?.twoFactor ? user.twoFactor.recoveryHashes.length : null;
    },
    /**
     * Creates a secret. It is used once it is confirmed with a code, within 15 minutes.
     * @throws {HubError} forbidden
     */
    async beginSetup(username: string): Promise<TwoFactorSetup> {
      await requireOff(username);
      const secret = createSecret();
      await setups.set(username, secret);
      return { secret, keyUri: createKeyUri(secret, username) };
    },
    findSetup,
    /**
     * Turns two-factor sign-in on if the code matches the secret of the setup.
     * @returns the recovery codes, which are not stored; null if the code is incorrect
     * @throws {HubError} forbidden, unavailable
     */
    finishSetup(identity: Identity, code: string): Promise<string[] | null> {
      const username = identity.userId;
      return oneAtATime(async () => {
        const setup = await findSetup(username);
        if (!setup) throw new HubError('forbidden', 'The setup has expired. Start again.');
        await requireOff(username);
        const { secret } = setup;
        const lastStep = findStep(secret, code, { now: clock.now(), lastStep: 0 });
        if (lastStep === null) return null;
        const codes = createRecoveryCodes();
        const entry = audit.createEntry(identity, {
          action: 'user.changed',
          target: username,
          detail: { twoFactor: true },
        });
        const recoveryHashes = codes.map(hashRecoveryCode);
        await save(username, { secret, lastStep, recoveryHashes }, entry);
        await setups.endAll(username);
        return codes;
      });
    },
    /**
     * Accepts a code of the user once, and returns the user; null if the code is incorrect or has been used.
     * @throws {HubError} unavailable
     */
    verify: (username: string, code: string): Promise<Actor | null> =>
      oneAtATime(() => acceptOnce(username, code)),
    /**
     * Turns two-factor sign-in off.
     * @param entry for the audit log, unless the change is recorded already
     * @throws {HubError} unavailable
     */
    async turnOff(username: string, entry?: AuditEntry): Promise<void> {
      await revoke(username);
      await oneAtATime(() => save(username, null, entry));
    },
    /** Begins the second step of a sign-in, which lasts 5 minutes. Returns its token. */
    beginSecondStep: async (username: string): Promise<string> =>
      (await pending.create(username, username)).token,
    /** The user of a second step; undefined if it has ended. */
    findSecondStepUser: pending.find,
    /**
     * Finishes a second step, once. It ends after the fifth wrong code.
     * @returns the user; null if the code is incorrect or the step has ended
     * @throws {HubError} unavailable
     */
    async finishSecondStep(token: string, code: string): Promise<Actor | null> {
      // Counted before the check, so that many codes at once are no more than five.
      const step = await pending.countUse(token);
      if (!step || step.uses > MAX_WRONG_CODES) return null;
      return oneAtATime(async () => {
        const username = await pending.find(token);
        if (username === undefined) return null;
        const actor = await acceptOnce(username, code);
        // Another hub may have finished it meanwhile.
        const mayEnd = actor !== null || step.uses === MAX_WRONG_CODES;
        const hasEnded = mayEnd && (await pending.take(token)) === undefined;
        return hasEnded ? null : actor;
      });
    },
    revoke,
  };
}
