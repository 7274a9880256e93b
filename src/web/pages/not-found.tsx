// The response for pages that do not exist.
import type { Identity } from '../../hub/state/dashboard.ts';
import { NotFoundPage } from '../../../views/pages/not-found.tsx';
import { renderDocument } from './response.ts';

/** @param what a sentence that says what does not exist */
export function renderNotFound(request: Request, user: Identity, what: string): Response {
  return renderDocument(
    request,
    (frame) => <NotFoundPage frame={frame} reader={user} what={what} />,
    { status: 404 },
  );
}
