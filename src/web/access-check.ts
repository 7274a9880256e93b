// Decides about every request before its body is read, so that neither strangers nor users without permission can make
// the hub work.
import type { Server } from 'bun';
import type { Hub } from '../hub/hub.ts';
import { createCountedWarning } from '../hub/counted-warning.ts';
import type { Log } from '../hub/log.ts';
import { explainMissing } from '../hub/require-permission.ts';
import type { Identity } from '../hub/state/dashboard.ts';
import type { Clock } from '../protocol/clock.ts';
import { HubError } from '../protocol/errors.ts';
import {
  ANONYMOUS_BODY_TIMEOUT_S,
  ANONYMOUS_REQUEST_RATE,
  MAX_ANONYMOUS_BODY_BYTES,
  REQUEST_RATE,
  REQUEST_TIMEOUT_S,
} from '../protocol/limits.ts';
import type { Permission } from '../protocol/permissions.ts';
import type { Auth } from './auth.ts';
import type { ClientAddress } from './client-address.ts';
import { retryHeaders } from './error-response.ts';
import { renderRejection } from './pages/message.tsx';
import { redirectToLogin } from './pages/response.ts';
import { createRateCounters } from './rate-counters.ts';
import { createRequestClient } from './request-client.ts';
import { describeRejection, readToken } from './request-token.ts';
import { createRouteAccess } from './route-access.ts';
import { hasBody, type UnfinishedBodies } from './unfinished-bodies.ts';

export interface AccessCheckParts {
  hub: Pick<Hub, 'registry'>;
  auth: Auth;
  clock: Clock;
  log: Log;
  clientAddress: ClientAddress;
  unfinishedBodies: UnfinishedBodies;
}

/**
 * Creates the check. It returns the response to a page request that is not allowed, and throws for the API.
 * @throws {HubError} not_authenticated, rate_limited, forbidden, not_found
 */
export function createAccessCheck(parts: AccessCheckParts) {
  const { auth, clock, log, unfinishedBodies } = parts;
  const findAccess = createRouteAccess();
  const requests = createRateCounters(clock);
  const findClient = createRequestClient({ ...parts, ...parts.hub });
  const warnRejected = createCountedWarning(clock, log, 'Rejected requests above a limit.');

  /** Counts a request. Returns the error if its client has sent too many, or has too many unfinished ones. */
  function countRequest(
    request: Request,
    server: Server<unknown> | null,
    user: Identity | null,
  ): HubError | null {
    const { kind, key } = findClient(request, server, user);
    const rate = kind === 'address' ? ANONYMOUS_REQUEST_RATE : REQUEST_RATE;
    const isAllowed =
      requests.take(key, rate) && (!hasBody(request) || unfinishedBodies.begin(request, key));
    if (isAllowed) return null;
    warnRejected({ client: key });
    return new HubError('rate_limited', 'Too many requests. Send fewer requests per second.');
  }

  function reject(user: Identity, access: Permission | undefined): HubError | null {
    if (access === undefined) return new HubError('not_found', 'Unknown API endpoint.');
    const explanation = explainMissing(user, access);
    return explanation === null ? null : new HubError('forbidden', explanation);
  }

  return async (
    request: Request,
    server: Server<unknown> | null,
  ): Promise<Response | undefined> => {
    const { pathname } = new URL(request.url);
    const access = findAccess(request.method, pathname);
    const isApi = pathname.startsWith('/api/');
    const isAnonymousBody = access === 'anyone' && hasBody(request);
    server?.timeout(request, isAnonymousBody ? ANONYMOUS_BODY_TIMEOUT_S : REQUEST_TIMEOUT_S);
    if (isAnonymousBody && isTooLarge(request)) return renderTooLarge();
    const user = await auth.identify(request, server);
    const limited = countRequest(request, server, user);
    if (limited && isApi) throw limited;
    if (limited && (user === null || access === 'anyone')) return renderLimited(limited);
    if (access === 'anyone') return undefined;
    if (user === null) {
      if (!isApi) return redirectToLogin(request);
      throw new HubError('not_authenticated', describeRejection(readToken(request)));
    }
    const rejection = limited ?? reject(user, access);
    if (rejection === null) return undefined;
    if (isApi) throw rejection;
    return renderRejection(request, user, rejection);
  };
}

/** Whether the body is larger than the forms of people who are not signed in, or has an unknown size. */
function isTooLarge({ headers }: Request): boolean {
  const length = Number(headers.get('content-length') ?? 0);
  return headers.has('transfer-encoding') || length > MAX_ANONYMOUS_BODY_BYTES;
}

function renderTooLarge(): Response {
  const text = `The request body needs a Content-Length of at most ${MAX_ANONYMOUS_BODY_BYTES} bytes.\n`;
  return new Response(text, { status: 413 });
}

/** The response to programs and to people who are not signed in. */
function renderLimited({ code, message }: HubError): Response {
  return new Response(`${message}\n`, { status: 429, headers: retryHeaders(code) });
}
