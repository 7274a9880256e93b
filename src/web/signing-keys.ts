// The keys that sign session tokens. The current key is replaced every 30 days. Earlier keys verify tokens for as long as
// a session can last, so that nobody is signed out.
import { randomBytes } from 'node:crypto';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { createLookup } from '../hub/cluster/lookup.ts';
import type { Log } from '../hub/log.ts';
import { SESSION_MS } from '../hub/sessions.ts';
import type { Clock } from '../protocol/clock.ts';
import { Timestamp } from '../protocol/message.ts';

/** How long a key signs. */
const KEY_MS = 30 * 86_400_000;
const CHECK_MS = 3_600_000;
/** The ID of a key from a version whose tokens have no `kid`. */
const UNNAMED = '';

const SigningKey = Type.Object({
  id: Type.String(),
  secret: Type.String({ minLength: 1 }),
  createdAt: Timestamp,
});
export type SigningKey = Static<typeof SigningKey>;

/** What is stored: the current key, then the earlier ones, latest first. */
const StoredKeys = Type.Object({ keys: Type.Array(SigningKey, { minItems: 1 }) });

export interface SigningKeys {
  /** The key that signs. */
  current(): SigningKey;
  /** Returns the key that verifies tokens with this `kid`. */
  find(id: string | undefined): Promise<SigningKey | undefined>;
}

/** Where the keys are stored. */
export interface KeyStorage {
  /** For messages, such as `The file FILE`. */
  readonly name: string;
  /** @throws if it cannot be read */
  load(): Promise<string | null>;
  /**
   * Stores the keys unless another hub has changed them since they were loaded. Returns whether they were stored.
   * @throws if they cannot be stored
   */
  save(text: string, expected: string | null): Promise<boolean>;
}

export interface SigningKeysOptions {
  storage: KeyStorage;
  clock: Clock;
  log: Log;
}

/**
 * Reads the keys, or creates the first one. Replaces the current key when it is too old, checked now and every hour.
 * @throws if the stored text is damaged, or the first key cannot be stored
 */
export async function createSigningKeys({ storage, clock, log }: SigningKeysOptions) {
  let text: string | null = null;
  let keys: SigningKey[] = [];
  await load();
  while (keys.length === 0) await rotate();
  await replaceOld();
  const stop = clock.every(CHECK_MS, () => void replaceOld());
  const lookUp = createLookup(clock, () =>
    load().catch((error: unknown) => {
      log.warn('Could not read the keys for session tokens.', { error });
    }),
  );

  /** Reads the keys. Tokens are verified with the same objects as before. */
  async function load() {
    const loaded = await storage.load();
    if (loaded === text) return;
    keys = parseKeys(loaded, storage.name).map(
      (key) => keys.find(({ id, secret }) => id === key.id && secret === key.secret) ?? key,
    );
    text = loaded;
  }

  /** Leaves out the keys that were replaced before the current sessions began. */
  function listValid() {
    return keys.filter((_key, index) => {
      const replacement = keys[index - 1];
      return !replacement || replacement.createdAt + SESSION_MS > clock.now();
    });
  }

  /** Stores keys, or reads those of another hub that was faster. Returns whether they were stored. */
  async function save(changed: SigningKey[]): Promise<boolean> {
    const written = `${JSON.stringify({ keys: changed }, null, 2)}\n`;
    const isSaved = await storage.save(written, text);
    if (!isSaved) {
      await load();
      return false;
    }
    keys = changed;
    text = written;
    return true;
  }

  function rotate(): Promise<boolean> {
    const id = randomBytes(8).toString('base64url');
    const secret = randomBytes(48).toString('base64url');
    return save([{ id, secret, createdAt: clock.now() }, ...listValid()]);
  }

  async function replaceOld() {
    try {
      if (clock.now() - current().createdAt >= KEY_MS) {
        if (await rotate()) log.info('The key that signs session tokens was replaced.');
      } else if (listValid().length < keys.length) {
        await save(listValid());
      }
    } catch (error) {
      log.warn('Could not store a new key for session tokens.', { error });
    }
  }

  function current(): SigningKey {
    const [first] = keys;
    if (!first) throw new Error('There is no signing key.');
    return first;
  }

  return {
    current,
    /** A key that is not known may be the latest one of another hub. */
    async find(id: string = UNNAMED) {
      const found = () => Promise.resolve(listValid().find((key) => key.id === id) ?? null);
      return (await lookUp(found)) ?? undefined;
    },
    /**
     * Replaces the current key, unless another hub does it at the same time.
     * @throws if it cannot be stored
     */
    async rotate(): Promise<void> {
      await rotate();
    },
    /** Reads the keys again. @throws if they cannot be read */
    async reload(): Promise<{ again: null }> {
      await load();
      return { again: null };
    },
    stop,
  } satisfies SigningKeys & Record<'rotate' | 'reload' | 'stop', () => unknown>;
}

/** @throws if the text is damaged */
function parseKeys(text: string | null, name: string): SigningKey[] {
  if (text === null) return [];
  // Earlier versions stored one secret, without its age.
  if (!text.startsWith('{')) return [{ id: UNNAMED, secret: text, createdAt: 0 }];
  const file = parseJson(text);
  if (Value.Check(StoredKeys, file)) return file.keys;
  throw new Error(
    `${name} is damaged. Restore it from a backup, or delete it to sign out all users.`,
  );
}

/** Returns null if the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
