// The dialog that changes the text and the priority of a queued command.
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { commandUrl } from '../urls.ts';
import { CloseButton, DialogHeader } from './dialog.tsx';
import { Notice } from './notice.tsx';
import { PriorityOptions } from './priority-options.tsx';

type Fields = Pick<CommandExecution, 'id' | 'command' | 'priority' | 'agentId'>;

export function EditCommandForm({ command, error }: { command: Fields; error?: string }) {
  return (
    <>
      <DialogHeader title="Edit queued command" />
      {error && <Notice kind="error" text={error} />}
      <form
        id="edit-command"
        hx-post={`${commandUrl(command.id)}/edit`}
        hx-target="#dialog-body"
        hx-disable="find button[type=submit]"
      >
        <label class="field">
          <span>
            Command <small>for {command.agentId}</small>
          </span>
          <textarea
            name="command"
            class="edit-command"
            rows={8}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            data-send-on-enter
            required
            autofocus
          >
            {command.command}
          </textarea>
        </label>
        <label class="select">
          <span>Priority</span>
          <select name="priority">
            <PriorityOptions selected={command.priority} />
          </select>
        </label>
        <div class="dialog-footer">
          <CloseButton>Cancel</CloseButton>
          <button class="button button-primary" type="submit">
            Save
          </button>
        </div>
      </form>
    </>
  );
}
