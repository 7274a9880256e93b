// The pause of an agent: who paused it and why, and the form that pauses it.
import type { Pause } from '../../src/protocol/entities.ts';
import { PAUSE_NOTE_LENGTH } from '../../src/protocol/limits.ts';
import { agentUrl } from '../urls.ts';
import { CloseButton, DialogHeader } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { Notice } from './notice.tsx';
import { Timestamp } from './timestamp.tsx';

/** `Paused by otto 5 min ago: deploying by hand`, in one line. */
export function PauseLabel({ pause }: { pause: Pause }) {
  return (
    <p class="pause-label">
      <Icon name="pause" />
      <span>
        Paused by {pause.by} <Timestamp at={pause.at} />
        {pause.note !== null && <>: {pause.note}</>}
      </span>
    </p>
  );
}

/** In the header of the agent's page. The queue says more. */
export function PauseBadge({ pause }: { pause: Pause }) {
  const note = pause.note === null ? '' : `: ${pause.note}`;
  return (
    <span class="pause-badge" title={`Paused by ${pause.by}${note}`}>
      <Icon name="pause" />
      Paused
    </span>
  );
}

/** The pause above the queue, with the button that ends it. */
export function PauseNotice(props: { agentId: string; pause: Pause; canManage: boolean }) {
  const { agentId, pause, canManage } = props;
  return (
    <div class="pause-notice">
      <PauseLabel pause={pause} />
      <p class="hint">Queued commands wait until the agent is resumed.</p>
      {canManage && (
        <form hx-post={`${agentUrl(agentId)}/resume`} hx-target="#notices" hx-disable="find button">
          <button class="button button-small" type="submit">
            <Icon name="play" />
            Resume
          </button>
        </form>
      )}
    </div>
  );
}

/** The dialog that pauses an agent. */
export function PauseForm(props: { agentId: string; note?: string; error?: string }) {
  const { agentId, note = '', error } = props;
  return (
    <>
      <DialogHeader title={`Pause ${agentId}`} />
      {error && <Notice kind="error" text={error} />}
      <form
        hx-post={`${agentUrl(agentId)}/pause`}
        hx-target="#dialog-body"
        hx-disable="find button[type=submit]"
      >
        <p class="muted">
          A running command continues. Queued commands, and those that are sent now, wait until
          somebody resumes the agent.
        </p>
        <label class="field">
          <span>
            Note <small>Optional. Everybody sees it.</small>
          </span>
          <input
            name="note"
            value={note}
            maxLength={PAUSE_NOTE_LENGTH}
            placeholder="Why, and until when"
            autocomplete="off"
            autofocus
          />
        </label>
        <div class="dialog-footer">
          <CloseButton>Cancel</CloseButton>
          <button class="button button-primary" type="submit">
            Pause agent
          </button>
        </div>
      </form>
    </>
  );
}
