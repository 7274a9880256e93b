// The error for a command whose agent is offline, with a button that queues the command.
import { Notice } from './notice.tsx';

/** @param formId the form that sent the command; the button submits it again */
export function OfflineNotice({ text, formId }: { text: string; formId: string }) {
  return (
    <Notice kind="error" text={text}>
      <button
        class="button button-small"
        type="submit"
        form={formId}
        name="ifOffline"
        value="queue"
      >
        Queue anyway
      </button>
    </Notice>
  );
}
