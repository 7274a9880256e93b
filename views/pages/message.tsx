// A page with a message instead of content: for anything that does not exist, or that the user may not open.
import { Page, type PageContext, type User } from '../components/layout.tsx';

interface MessagePageProps {
  context: PageContext;
  user: User;
  /** For example `Agent not found`. */
  title: string;
  message: string;
}

export function MessagePage({ context, user, title, message }: MessagePageProps) {
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
