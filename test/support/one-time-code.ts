// An authenticator app.
import { TOTP } from 'otpauth';

/** The code that an app with this secret shows at a time, in Unix milliseconds. */
export const createCode = (secret: string, timestamp: number): string =>
  new TOTP({ secret }).generate({ timestamp });
