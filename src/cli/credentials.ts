// The token that `signalbox login` keeps for the other commands, readable by its owner alone.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { credentialsFile } from '../config.ts';
import { Failure } from './failure.ts';

const Credentials = Type.Object({
  hub: Type.String(),
  token: Type.String(),
  expiresAt: Type.Integer(),
});
export type Credentials = Static<typeof Credentials>;

/** Keeps them; answers with where. */
export function keepCredentials(credentials: Credentials): string {
  const file = credentialsFile();
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify(credentials), { mode: 0o600 });
  return file;
}

/**
 * The hub to ask, and the token to ask with: from the flag and SIGNALBOX_TOKEN, or from the last login.
 * @throws {Failure} where there is no token for that hub
 */
export function findCredentials(hub: string | undefined): Pick<Credentials, 'hub' | 'token'> {
  const token = process.env['SIGNALBOX_TOKEN'];
  const kept = readCredentials();
  const address = hub ?? lastHub();
  if (token) return { hub: address, token };
  if (!kept || kept.hub !== address) {
    throw new Failure(`Log in first: signalbox login --hub ${address}`);
  }
  if (kept.expiresAt <= Date.now()) {
    throw new Failure(`Your login has ended: signalbox login --hub ${address}`);
  }
  return kept;
}

/** The hub last logged in to, or the one of this machine. */
export function lastHub(): string {
  return readCredentials()?.hub ?? 'http://127.0.0.1:7420';
}

function readCredentials(): Credentials | null {
  try {
    const value: unknown = JSON.parse(readFileSync(credentialsFile(), 'utf8'));
    return Value.Check(Credentials, value) ? value : null;
  } catch {
    return null;
  }
}
