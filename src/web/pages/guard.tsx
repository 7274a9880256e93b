// Who may come in, and how a refusal looks. Every page and every form goes through `enter`.
import { hasRole, type Role } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import { Notice } from '../../../views/components/notice.tsx';
import { fragment, toLogin } from './response.ts';
import type { Identity, PageAuth } from './page-source.ts';

export type Enter = (
  request: Request,
  act: (who: Identity) => Response | Promise<Response>,
) => Promise<Response>;

/** Makes the gate: acts as whoever has signed in, sends others to the door, and turns refusals into notices. */
export function createGate(auth: PageAuth): Enter {
  return async (request, act) => {
    const who = await auth.identify(request);
    if (!who) return toLogin(request);
    try {
      return await act(who);
    } catch (error) {
      if (error instanceof HubError) return refused(error);
      throw error;
    }
  };
}

/** @throws {HubError} `forbidden` where `who` may not act as `needed` */
export function requireRole(who: Identity, needed: Role): void {
  if (hasRole(who.role, needed)) return;
  throw new HubError('forbidden', `This takes the role "${needed}"; yours is "${who.role}".`);
}

/** A refusal as a notice. Always 4xx: htmx is told to swap those, and not what a proxy says in 5xx. */
export function refused(refusal: HubError): Response {
  return fragment(<Notice kind="refused" text={refusal.message} />, {
    status: refusalStatus(refusal),
  });
}

/** The HTTP status of a refusal on a page. */
export function refusalStatus(refusal: HubError): number {
  if (refusal.code === 'forbidden') return 403;
  if (refusal.code === 'rate_limited') return 429;
  return 422;
}
