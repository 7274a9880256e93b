// The responses for pages that do not exist, and for those that a user may not open.
import type { Identity } from '../../hub/state/dashboard.ts';
import type { HubError } from '../../protocol/errors.ts';
import { Notice } from '../../../views/components/notice.tsx';
import { MessagePage } from '../../../views/pages/message.tsx';
import { toStatus } from './guard.tsx';
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

/** Responds to a request that is rejected: with a notice to htmx, and with a page to a browser. */
export function renderRejection(request: Request, user: Identity, error: HubError): Response {
  if (error.code === 'not_found') {
    return renderNotFound(request, user, 'Page not found', 'There is no page at this address.');
  }
  const status = toStatus(error);
  const { message } = error;
  if (request.headers.has('hx-request')) {
    return renderFragment(<Notice kind="error" text={message} />, { status });
  }
  const title = error.code === 'forbidden' ? 'No access' : 'Too many requests';
  return renderMessage(request, user, { title, message, status });
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
