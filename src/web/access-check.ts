// Decides about every request before its body is read, so that neither strangers nor users without permission can make
// the hub work.
import { HubError } from '../protocol/errors.ts';
import { describeMissing, isPermitted } from '../protocol/permissions.ts';
import type { Auth } from './auth.ts';
import { renderForbidden, renderUnknownPage } from './pages/message.tsx';
import { redirectToLogin } from './pages/response.ts';
import { createRouteAccess } from './route-access.ts';

/**
 * Creates the check. It returns the response to a page request that is not allowed, and throws for the API.
 * @throws {HubError} not_authenticated, forbidden, not_found
 */
export function createAccessCheck(auth: Auth) {
  const findAccess = createRouteAccess();

  return async (request: Request): Promise<Response | undefined> => {
    const { pathname } = new URL(request.url);
    const access = findAccess(request.method, pathname);
    if (access === 'anyone') return undefined;
    const isApi = pathname.startsWith('/api/');
    const user = isApi ? await auth.requireIdentity(request) : await auth.identify(request);
    if (user === null) return redirectToLogin(request);
    if (access === undefined) {
      if (isApi) throw new HubError('not_found', 'Unknown API endpoint.');
      return renderUnknownPage(request, user);
    }
    if (isPermitted(user.role, access)) return undefined;
    const message = describeMissing(user.role, access);
    if (isApi) throw new HubError('forbidden', message);
    return renderForbidden(request, user, message);
  };
}
