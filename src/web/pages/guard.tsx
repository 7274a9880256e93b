// Access control of pages: every page and form except sign-in and setup goes through `requireUser`.
import type { Identity } from '../../hub/state/dashboard.ts';
import { HubError } from '../../protocol/errors.ts';
import { Notice } from '../../../views/components/notice.tsx';
import { OfflineNotice } from '../../../views/components/offline-notice.tsx';
import type { Auth } from '../auth.ts';
import { redirectToLogin, renderFragment } from './response.ts';

export type RequireUser = (
  request: Request,
  handle: (user: Identity) => Response | Promise<Response>,
) => Promise<Response>;

/** Creates the guard. It redirects to sign-in without a valid session, and renders a handler's HubError as a notice. */
export function createGuard(auth: Auth): RequireUser {
  return async (request, handle) => {
    const user = await auth.identify(request);
    if (!user) return redirectToLogin(request);
    try {
      return await handle(user);
    } catch (error) {
      if (error instanceof HubError) return renderError(error);
      throw error;
    }
  };
}

/**
 * Handles a command of a form. If it is rejected because its agent is offline, the response offers to queue it.
 * @param formId the form that sent the command
 */
export async function offerQueue(
  formId: string,
  handle: () => Promise<Response>,
): Promise<Response> {
  try {
    return await handle();
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'agent_offline') throw error;
    const notice = <OfflineNotice text={error.message} formId={formId} />;
    return renderFragment(notice, { status: toStatus(error) });
  }
}

/** Renders an error as a notice. The status is always 4xx, because htmx does not swap in 5xx responses. */
function renderError(error: HubError): Response {
  return renderFragment(<Notice kind="error" text={error.message} />, {
    status: toStatus(error),
  });
}

/** Returns the HTTP status of an error on a page. */
export function toStatus({ code }: HubError): number {
  if (code === 'forbidden') return 403;
  if (code === 'rate_limited') return 429;
  return 422;
}
