// There is nothing at this address.
import { Page, type Frame, type Reader } from '../components/layout.tsx';

interface NotFoundProps {
  frame: Frame;
  reader: Reader;
  /** What was looked for, in a sentence. */
  what: string;
}

/** Says what is missing, and where to go on. */
export function NotFoundPage({ frame, reader, what }: NotFoundProps) {
  return (
    <Page frame={frame} reader={reader} title="Not found" section="agents">
      <div class="empty">
        <h1>No line here</h1>
        <p>{what}</p>
        <p>
          <a class="button" href="/">
            All agents
          </a>
        </p>
      </div>
    </Page>
  );
}
