// The responses for pages that do not exist, and for those that a user may not open.
import type { Identity } from '../../hub/state/dashboard.ts';
import { Notice } from '../../../views/components/notice.tsx';
import { MessagePage } from '../../../views/pages/message.tsx';
import { renderDocument, renderFragment } from './response.ts';

/** @param title for example `Agent not found` */
export function renderNotFound(
  request: Request,
  user: Identity,
  title: string,
  message: string,
): Response {
  return renderMessage(request, user, { title, message, status: 404 });
}

/** Responds to a path that does not exist. */
export function renderUnknownPage(request: Request, user: Identity): Response {
  return renderNotFound(request, user, 'Page not found', 'There is no page at this address.');
}

/** Responds to a user without permission: with a notice to htmx, and with a page to a browser. */
export function renderForbidden(request: Request, user: Identity, message: string): Response {
  if (request.headers.has('hx-request')) {
    return renderFragment(<Notice kind="error" text={message} />, { status: 403 });
  }
  return renderMessage(request, user, { title: 'No access', message, status: 403 });
}

function renderMessage(
  request: Request,
  user: Identity,
  { title, message, status }: { title: string; message: string; status: number },
): Response {
  return renderDocument(
    request,
    (context) => <MessagePage {...{ context, user, title, message }} />,
    { status },
  );
}
