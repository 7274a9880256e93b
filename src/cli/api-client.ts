// The client of the hub's JSON API.
import type { Static, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { ErrorResponse } from '../protocol/api.ts';
import { createDecoder } from '../protocol/codec.ts';
import { type HubToDashboard, hubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { VERSION } from '../protocol/message.ts';
import { CliError } from './cli-error.ts';
import { findCredentials, sessionExpired } from './credentials.ts';

const TIMEOUT_MS = 20_000;

interface RequestOptions {
  token?: string;
  accept?: string;
  method?: string;
  body?: unknown;
}

export type ApiClient = ReturnType<typeof createApiClient>;

/**
 * Creates a client with the saved or given credentials.
 * @param hubFlag the value of `--hub`, if given
 * @throws {CliError} if there is no valid token for the hub
 */
export function createApiClient(hubFlag: string | undefined) {
  const { hub, token } = findCredentials(hubFlag);
  return {
    hub,
    token,
    get: <S extends TSchema>(path: string, schema: S) => requestJson(hub, path, schema, { token }),
    post: <S extends TSchema>(path: string, schema: S, body?: unknown) =>
      requestJson(hub, path, schema, { token, method: 'POST', body }),
    /** Reads a response with one message per line. */
    async getMessages(path: string): Promise<HubToDashboard[]> {
      const response = await request(hub, path, { token, accept: 'application/x-ndjson' });
      const lines = (await response.text()).split('\n').filter((line) => line !== '');
      try {
        return lines.map((line) => decodeMessage(line)).filter((message) => message !== null);
      } catch {
        throw unexpectedResponse(hub);
      }
    },
  };
}

/**
 * Sends a request and validates the response.
 * @throws {CliError} if the hub cannot be reached, rejects the request, or sends an unexpected response
 */
export async function requestJson<S extends TSchema>(
  hub: string,
  path: string,
  schema: S,
  options: RequestOptions = {},
): Promise<Static<S>> {
  const value: unknown = await (await request(hub, path, options)).json().catch(() => null);
  if (Value.Check(schema, value)) return value;
  throw unexpectedResponse(hub);
}

function unexpectedResponse(hub: string): CliError {
  return new CliError(
    `Unexpected response from ${hub}. Check the URL, and use the same version of signalbox as the hub.`,
  );
}

const decode = createDecoder(hubToDashboard);

/**
 * Decodes a message of the HTTP API, which has no `version`. Returns null if its type is unknown.
 * @throws if it is not JSON
 */
function decodeMessage(line: string): HubToDashboard | null {
  const decoded = decode({ version: VERSION, ...(JSON.parse(line) as object) });
  return decoded.ok ? decoded.message : null;
}

async function request(
  hub: string,
  path: string,
  { token, accept, method = 'GET', body }: RequestOptions,
) {
  const response = await fetch(`${hub}/api/v1${path}`, {
    method,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(accept !== undefined && { accept }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    throw new CliError(connectFailure(hub, error));
  });
  if (response.ok) return response;
  if (response.status === 401 && token !== undefined) throw sessionExpired(hub);
  const rejection: unknown = await response.json().catch(() => null);
  if (Value.Check(ErrorResponse, rejection)) throw new CliError(rejection.error.message);
  throw new CliError(`${hub} responded with HTTP ${response.status}.`);
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'host not found',
  TimeoutError: 'timed out',
};

/** The message for a `fetch` that got no response. */
export function connectFailure(hub: string, error: unknown): string {
  if (!(error instanceof Error)) return `Cannot connect to ${hub}.`;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return `Cannot connect to ${hub}: ${reasons[code] ?? error.message}.`;
}
