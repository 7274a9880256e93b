// The codes of two-factor sign-in: those of an authenticator app (TOTP, RFC 6238), and recovery codes.
import { createHash, randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { RECOVERY_CODES, TOTP_PERIOD_MS } from '../protocol/limits.ts';

/** Creates a secret of 160 bits, in Base32. */
export const createSecret = (): string => new Secret({ size: 20 }).base32;

const createTotp = (secret: string, label = '') =>
  new TOTP({
    issuer: 'Signalbox',
    label,
    algorithm: 'SHA1',
    digits: 6,
    period: TOTP_PERIOD_MS / 1_000,
    secret,
  });

/** The URI that authenticator apps read from a QR code. */
export const createKeyUri = (secret: string, username: string): string =>
  createTotp(secret, username).toString();

/**
 * Returns the time step that a code of an authenticator app is for: the current one, the one before or the one after.
 * Null if the code is incorrect, or not later than `lastStep`.
 */
export function findStep(
  secret: string,
  code: string,
  { now, lastStep }: { now: number; lastStep: number },
): number | null {
  const token = code.replaceAll(/\s/g, '');
  const offset = createTotp(secret).validate({ token, timestamp: now, window: 1 });
  if (offset === null) return null;
  const step = Math.floor(now / TOTP_PERIOD_MS) + offset;
  return step > lastStep ? step : null;
}

/** Creates ten recovery codes of 80 random bits each, such as `k3vb-qpz7-mw2d-xa5n`. */
export function createRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODES }, () => {
    const text = new Secret({ buffer: new Uint8Array(randomBytes(10)).buffer }).base32;
    return text.toLowerCase().replaceAll(/.{4}(?=.)/g, '$&-');
  });
}

/** The hash under which a recovery code is stored. It ignores case, spaces and hyphens. */
export function hashRecoveryCode(code: string): string {
  const text = code.toLowerCase().replaceAll(/[\s-]/g, '');
  return createHash('sha256').update(text).digest('hex');
}
