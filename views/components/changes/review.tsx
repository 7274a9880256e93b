// Comments on changes: a form in which the island collects them, and the templates of its parts.
import { agentReviewUrl } from '../../urls.ts';
import { Icon } from '../icons.tsx';

/** Where the comments are sent, and how many there are. Hidden until there is one. */
export function Review({ agentId, requestId }: { agentId: string; requestId: string }) {
  return (
    <>
      <form
        id="review"
        class="review"
        data-agent={agentId}
        hx-post={agentReviewUrl(agentId)}
        hx-target="#review-notice"
        hx-disable="find button[type=submit]"
        hidden
      >
        <input type="hidden" name="requestId" value={requestId} />
        <div id="review-fields" hidden />
        <p class="review-count" role="status">
          <b data-review-count>0</b> <span data-review-noun>comments</span>
        </p>
        <div id="review-notice" data-notice-for="review" />
        <button class="button button-small" type="button" data-review-discard>
          Discard all
        </button>
        <button class="button button-primary button-small" type="submit">
          <Icon name="send" />
          Send as prompt
        </button>
      </form>
      <template id="review-comment">
        <tr class="comment-row">
          <td>
            <div class="comment">
              <label class="field">
                <span>
                  Comment on <code data-comment-place />
                </span>
                <textarea rows={2} maxlength={4_000} data-comment-text />
              </label>
              <div class="comment-actions">
                <span class="hint">Kept in this browser until you send it.</span>
                <button class="button button-small" type="button" data-comment-remove>
                  Remove
                </button>
              </div>
            </div>
          </td>
        </tr>
      </template>
    </>
  );
}
