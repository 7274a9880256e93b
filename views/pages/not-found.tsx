// The page for anything that does not exist.
import { Page, type PageContext, type User } from '../components/layout.tsx';

interface NotFoundProps {
  context: PageContext;
  user: User;
  /** For example `Agent not found`. */
  title: string;
  message: string;
}

export function NotFoundPage({ context, user, title, message }: NotFoundProps) {
  return (
    <Page context={context} user={user} title={title} section="agents">
      <div class="empty">
        <h1>{title}</h1>
        <p>{message}</p>
        <p>
          <a class="button" href="/">
            Back to agents
          </a>
        </p>
      </div>
    </Page>
  );
}
