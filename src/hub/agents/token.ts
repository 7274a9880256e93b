// Agent tokens. They are random and long, so a plain SHA-256 is enough to store them safely.
import { createHash, randomBytes } from 'node:crypto';

/** Creates a token with 256 random bits. */
export function createToken(): string {
  return `sba_${randomBytes(32).toString('base64url')}`;
}

/** The SHA-256 hash of a token, in hexadecimal. Only the hash is stored. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
