// The client of the hub's JSON API.
import type { Static, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { ErrorResponse } from '../protocol/api.ts';
import { createDecoder } from '../protocol/codec.ts';
import { formatDuration } from '../protocol/duration.ts';
import { type HubToDashboard, hubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { VERSION } from '../protocol/message.ts';
import { certificateProblem } from './certificate-problem.ts';
import { CliError, HubRejection } from './cli-error.ts';
import { findCredentials, sessionExpired } from './credentials.ts';

/** How long the hub has to respond, and then to send each further part of the response. */
export const CONNECT_TIMEOUT_MS = 10_000;

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
    patch: <S extends TSchema>(path: string, schema: S, body: unknown) =>
      requestJson(hub, path, schema, { token, method: 'PATCH', body }),
    requestJson: <S extends TSchema>(method: string, path: string, schema: S, body?: unknown) =>
      requestJson(hub, path, schema, { token, method, body }),
    /** Sends a request whose response has no body. */
    put: (path: string, body: unknown) => request(hub, path, { token, method: 'PUT', body }),
    remove: (path: string) => request(hub, path, { token, method: 'DELETE' }),
    /** Reads a response part by part, as fast as the caller takes them. */
    stream: (path: string, accept: string) => streamText(hub, path, { token, accept }),
    /** Reads a response with one message per line, as fast as the caller takes them. */
    async *streamMessages(path: string): AsyncGenerator<HubToDashboard> {
      let rest = '';
      for await (const part of streamText(hub, path, { token, accept: 'application/x-ndjson' })) {
        const lines = (rest + part).split('\n');
        rest = lines.pop() ?? '';
        yield* decodeLines(hub, lines);
      }
      yield* decodeLines(hub, [rest]);
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
  const value = parseJson(await request(hub, path, options));
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

/** @throws {CliError} if a line is not JSON */
function decodeLines(hub: string, lines: readonly string[]): HubToDashboard[] {
  try {
    return lines.flatMap((line) => (line === '' ? [] : (decodeMessage(line) ?? [])));
  } catch {
    throw unexpectedResponse(hub);
  }
}

/** Sends a request and returns the body of the response. */
async function request(hub: string, path: string, options: RequestOptions): Promise<string> {
  let text = '';
  for await (const part of streamText(hub, path, options)) text += part;
  return text;
}

/** Sends a request and yields the body of the response in parts. */
async function* streamText(
  hub: string,
  path: string,
  { token, accept, method = 'GET', body }: RequestOptions,
): AsyncGenerator<string> {
  const response = fetchParts(hub, `/api/v1${path}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(accept !== undefined && { accept }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  let rejected = '';
  let status = 0;
  let isOk = false;
  for await (const part of response) {
    ({ ok: isOk, status } = part);
    if (isOk) yield part.text;
    else rejected += part.text;
  }
  if (isOk) return;
  if (status === 401 && token !== undefined) throw sessionExpired(hub);
  const rejection = parseJson(rejected);
  if (Value.Check(ErrorResponse, rejection)) throw new HubRejection(rejection.error);
  throw new CliError(`${hub} responded with HTTP ${status}.`);
}

/**
 * Fetches a path; yields at least one part. A slow response is no error as long as it arrives, so the time limit starts
 * again with each part. It does not run while the caller uses a part.
 */
async function* fetchParts(hub: string, path: string, init: RequestInit) {
  const controller = new AbortController();
  const abort = () => controller.abort(new DOMException('', 'TimeoutError'));
  let timer = setTimeout(abort, CONNECT_TIMEOUT_MS);
  try {
    const { body, ok, status } = await fetch(`${hub}${path}`, {
      ...init,
      signal: controller.signal,
    });
    const decoder = new TextDecoder();
    for await (const bytes of body ?? []) {
      clearTimeout(timer);
      yield { ok, status, text: decoder.decode(bytes, { stream: true }) };
      timer = setTimeout(abort, CONNECT_TIMEOUT_MS);
    }
    yield { ok, status, text: decoder.decode() };
  } catch (error) {
    throw new CliError(connectFailure(hub, error));
  } finally {
    clearTimeout(timer);
  }
}

/** Returns null if the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'host not found',
  EPROTO: 'the TLS handshake failed. The hub may not use TLS on this port',
};

/** The message for a `fetch` that got no response. */
export function connectFailure(hub: string, error: unknown): string {
  if (!(error instanceof Error)) return `Cannot connect to ${hub}.`;
  if (error.name === 'TimeoutError') return noResponse(hub);
  const problem = certificateProblem(hub, error);
  if (problem) return `Cannot connect to ${hub}: ${problem.reason}.`;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return `Cannot connect to ${hub}: ${reasons[code] ?? error.message}.`;
}

/** The message for a hub that does not respond within `CONNECT_TIMEOUT_MS`. */
export function noResponse(hub: string): string {
  return `Cannot connect to ${hub}: no response within ${formatDuration(CONNECT_TIMEOUT_MS)}.`;
}
