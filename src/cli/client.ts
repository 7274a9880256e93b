// The hub's JSON API, as the commands ask it.
import type { Static, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Command } from 'commander';
import { ErrorAnswer } from '../protocol/api.ts';
import { address, setting } from '../config.ts';
import { findCredentials } from './credentials.ts';
import { Failure } from './failure.ts';

/** The flags of every command that asks a hub. */
export interface ClientFlags {
  hub?: string;
  json: boolean;
}

/** Adds `--hub` and `--json` to a command. */
export function withClientOptions(command: Command): Command {
  return command
    .addOption(setting('--hub <url>', 'the hub; the one last logged in to').argParser(address))
    .option('--json', 'for programs: JSON, a line each', false);
}

export type Client = ReturnType<typeof createClient>;

/** Makes a client from the flags of a command and the kept login. */
export function createClient({ hub: asked }: Pick<ClientFlags, 'hub'>) {
  const { hub, token } = findCredentials(asked);
  return {
    hub,
    token,
    /** Asks, and checks that the answer has the shape it should have. */
    get: <S extends TSchema>(path: string, shape: S) => ask(hub, path, shape, { token }),
    post: <S extends TSchema>(path: string, shape: S, body?: unknown) =>
      ask(hub, path, shape, { token, method: 'POST', body }),
    /** Asks for text. */
    async text(path: string): Promise<string> {
      const answer = await call(hub, path, { token });
      return answer.text();
    },
  };
}

/** A hub that takes longer does not answer. */
const ANSWER_MS = 20_000;

interface Ask {
  token?: string;
  method?: string;
  body?: unknown;
}

/**
 * Asks a hub.
 * @throws {Failure} with the hub's own words where it refuses, or where it cannot be reached
 */
export async function ask<S extends TSchema>(
  hub: string,
  path: string,
  shape: S,
  how: Ask = {},
): Promise<Static<S>> {
  const value: unknown = await (await call(hub, path, how)).json();
  if (Value.Check(shape, value)) return value;
  throw new Failure(`${hub} answered in a way this version does not understand.`);
}

async function call(hub: string, path: string, { token, method = 'GET', body }: Ask) {
  const answer = await fetch(`${hub}/api/v1${path}`, {
    method,
    signal: AbortSignal.timeout(ANSWER_MS),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    throw new Failure(`${hub} cannot be reached: ${error instanceof Error ? error.message : ''}`);
  });
  if (answer.ok) return answer;
  const refusal: unknown = await answer.json().catch(() => null);
  if (Value.Check(ErrorAnswer, refusal)) throw new Failure(refusal.error.message);
  throw new Failure(`${hub} answered ${answer.status}.`);
}
