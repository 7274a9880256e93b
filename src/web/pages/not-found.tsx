// The response for pages that do not exist.
import type { Identity } from '../../hub/state/dashboard.ts';
import { NotFoundPage } from '../../../views/pages/not-found.tsx';
import { renderDocument } from './response.ts';

/** @param title for example `Agent not found` */
export function renderNotFound(
  request: Request,
  user: Identity,
  title: string,
  message: string,
): Response {
  return renderDocument(
    request,
    (context) => <NotFoundPage {...{ context, user, title, message }} />,
    { status: 404 },
  );
}
