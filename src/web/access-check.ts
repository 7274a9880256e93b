// Decides about every request before its body is read, so that neither strangers nor users without permission can make
// the hub work.
import type { Server } from 'bun';
import { explainMissing } from '../hub/require-permission.ts';
import type { Identity } from '../hub/state/dashboard.ts';
import type { Clock } from '../protocol/clock.ts';
import { HubError } from '../protocol/errors.ts';
import { MAX_ANONYMOUS_BODY_BYTES, REQUEST_RATE } from '../protocol/limits.ts';
import type { Permission } from '../protocol/permissions.ts';
import type { Auth } from './auth.ts';
import { isMutation } from './origin.ts';
import { renderRejection } from './pages/message.tsx';
import { redirectToLogin } from './pages/response.ts';
import { createRateCounters } from './rate-counters.ts';
import { createRouteAccess } from './route-access.ts';

/**
 * Creates the check. It returns the response to a page request that is not allowed, and throws for the API.
 * @throws {HubError} not_authenticated, rate_limited, forbidden, not_found
 */
export function createAccessCheck(auth: Auth, clock: Clock) {
  const findAccess = createRouteAccess();
  const requests = createRateCounters(clock);

  function reject(user: Identity, access: Permission | undefined): HubError | null {
    if (!requests.take(user.userId, REQUEST_RATE)) {
      return new HubError('rate_limited', 'Too many requests. Send fewer requests per second.');
    }
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
    if (access === 'anyone') return isTooLarge(request) ? renderTooLarge() : undefined;
    const isApi = pathname.startsWith('/api/');
    const user = isApi
      ? await auth.requireIdentity(request, server)
      : await auth.identify(request, server);
    if (user === null) return redirectToLogin(request);
    const rejection = reject(user, access);
    if (rejection === null) return undefined;
    if (isApi) throw rejection;
    return renderRejection(request, user, rejection);
  };
}

/** Whether the body is larger than the forms of people who are not signed in, or has an unknown size. */
function isTooLarge(request: Request): boolean {
  if (!isMutation(request)) return false;
  const length = request.headers.get('content-length') ?? 0;
  return request.headers.has('transfer-encoding') || Number(length) > MAX_ANONYMOUS_BODY_BYTES;
}

function renderTooLarge(): Response {
  const text = `The request body needs a Content-Length of at most ${MAX_ANONYMOUS_BODY_BYTES} bytes.\n`;
  return new Response(text, { status: 413 });
}
