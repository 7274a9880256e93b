// Agents' tokens are random and long: a plain SHA-256 of one is as good as the token is secret.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A fresh token: 256 random bits. */
export function createToken(): string {
  return `sba_${randomBytes(32).toString('base64url')}`;
}

/** What is stored of a token: its SHA-256, hexadecimal. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Whether a token is the one that is stored as this. */
export function isTokenOf(tokenHash: string, token: string): boolean {
  return timingSafeEqual(Buffer.from(tokenHash), Buffer.from(hashToken(token)));
}
