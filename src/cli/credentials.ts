// The token saved by `signalbox login`, in a file that only its owner can read.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { credentialsFile, DEFAULT_HUB } from '../config.ts';
import { CliError } from './cli-error.ts';
import { readSecret } from './secrets.ts';

const Credentials = Type.Object({
  hub: Type.String(),
  token: Type.String(),
  expiresAt: Type.Integer(),
});
export type Credentials = Static<typeof Credentials>;

/** Saves the credentials and returns the path of the file. */
export function saveCredentials(credentials: Credentials): string {
  const file = credentialsFile();
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify(credentials), { mode: 0o600 });
  return file;
}

/**
 * Returns the hub and token to use: from `--hub` and SIGNALBOX_TOKEN, or saved by the last sign-in.
 * @throws {CliError} if there is no valid token for the hub
 */
export function findCredentials(hubFlag: string | undefined): Pick<Credentials, 'hub' | 'token'> {
  const token = readSecret('SIGNALBOX_TOKEN');
  const saved = readCredentials();
  const hub = hubFlag ?? saved?.hub ?? DEFAULT_HUB;
  if (token) return { hub, token };
  if (saved?.hub !== hub) {
    throw new CliError(`You are not signed in to ${hub}. Run: ${signInCommand(hub)}`);
  }
  if (saved.expiresAt <= Date.now()) throw sessionExpired(hub);
  return saved;
}

/** The hub of the last sign-in, or the default. */
export function lastHub(): string {
  return readCredentials()?.hub ?? DEFAULT_HUB;
}

/** The error for a session or token that has expired or that the hub rejected. */
export function sessionExpired(hub: string): CliError {
  if (readSecret('SIGNALBOX_TOKEN')) {
    return new CliError(
      'The token in SIGNALBOX_TOKEN is not valid. It may have expired or been revoked.',
    );
  }
  return new CliError(`Your session has expired. Run: ${signInCommand(hub)}`);
}

export function signInCommand(hub: string): string {
  return `signalbox login --hub ${hub}`;
}

function readCredentials(): Credentials | null {
  try {
    const value: unknown = JSON.parse(readFileSync(credentialsFile(), 'utf8'));
    return Value.Check(Credentials, value) ? value : null;
  } catch {
    return null;
  }
}
