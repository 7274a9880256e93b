// The keys that sign session tokens. The current key is replaced every 30 days. Earlier keys verify tokens for as long as
// a session can last, so that nobody is signed out.
import { randomBytes } from 'node:crypto';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Log } from '../hub/log.ts';
import { SESSION_MS } from '../hub/sessions.ts';
import type { Clock } from '../protocol/clock.ts';
import { Timestamp } from '../protocol/message.ts';

export const KEY_FILE = 'jwt-secret';
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

/** The content of the file: the current key, then the earlier ones, latest first. */
const KeyFile = Type.Object({ keys: Type.Array(SigningKey, { minItems: 1 }) });

export interface SigningKeys {
  /** The key that signs. */
  current(): SigningKey;
  /** Returns the key that verifies tokens with this `kid`. */
  find(id: string | undefined): SigningKey | undefined;
}

export interface SigningKeysOptions {
  /** The data folder, in which the keys are stored. */
  folder: { read(name: string): string | null; write(name: string, text: string): void };
  clock: Clock;
  log: Log;
}

/**
 * Reads the keys, or creates the first one. Replaces the current key when it is too old, checked now and every hour.
 * @throws if the file is damaged, or the first key cannot be stored
 */
export function createSigningKeys({ folder, clock, log }: SigningKeysOptions) {
  let keys = parseKeys(folder.read(KEY_FILE));
  if (keys.length === 0) rotate();
  replaceOld();
  const stop = clock.every(CHECK_MS, replaceOld);

  /** Leaves out the keys that were replaced before the current sessions began. */
  function listValid() {
    return keys.filter((_key, index) => {
      const replacement = keys[index - 1];
      return !replacement || replacement.createdAt + SESSION_MS > clock.now();
    });
  }

  function save(changed: SigningKey[]) {
    folder.write(KEY_FILE, `${JSON.stringify({ keys: changed }, null, 2)}\n`);
    keys = changed;
  }

  function rotate() {
    const id = randomBytes(8).toString('base64url');
    const secret = randomBytes(48).toString('base64url');
    save([{ id, secret, createdAt: clock.now() }, ...listValid()]);
  }

  function replaceOld() {
    try {
      if (clock.now() - current().createdAt >= KEY_MS) {
        rotate();
        log.info('The key that signs session tokens was replaced.');
      } else if (listValid().length < keys.length) {
        save(listValid());
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
    find: (id: string = UNNAMED) => listValid().find((key) => key.id === id),
    /**
     * Replaces the current key.
     * @throws if it cannot be stored
     */
    rotate,
    stop,
  } satisfies SigningKeys & Record<'rotate' | 'stop', () => void>;
}

/** @throws if the text is damaged */
function parseKeys(text: string | null): SigningKey[] {
  if (text === null) return [];
  // Earlier versions stored one secret, without its age.
  if (!text.startsWith('{')) return [{ id: UNNAMED, secret: text, createdAt: 0 }];
  const file = parseJson(text);
  if (Value.Check(KeyFile, file)) return file.keys;
  throw new Error(
    `The file ${KEY_FILE} in the data folder is damaged. Restore it from a backup, or delete it to sign out all users.`,
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
