// The dialog of saved prompts: insert one into the composer, save what the composer contains, rename and delete. The island
// (src/browser/saved-prompts.ts) inserts, and passes the text of the composer.
import type { SavedPrompt } from '../../src/protocol/prompts.ts';
import { PROMPT_NAME_LENGTH } from '../../src/protocol/limits.ts';
import { promptUrl, promptsUrl } from '../urls.ts';
import { CloseButton, DialogButton, DialogHeader } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { Notice } from './notice.tsx';

/** Opens the dialog. */
export function PromptsButton() {
  return (
    <DialogButton url="/dialogs/prompts" kind="icon" label="Saved prompts">
      <Icon name="bookmark" />
      <span class="composer-prompts">Saved prompts</span>
    </DialogButton>
  );
}

interface PromptsDialogProps {
  prompts: SavedPrompt[];
  /** What the user entered when the last request was rejected. */
  name?: string;
  error?: string;
}

export function PromptsDialog({ prompts, name = '', error }: PromptsDialogProps) {
  return (
    <>
      <DialogHeader title="Saved prompts" />
      {error && <Notice kind="error" text={error} />}
      {prompts.length === 0 && (
        <p class="muted">
          You have no saved prompts yet. Enter a prompt in the composer, and save it here.
        </p>
      )}
      <ul class="prompts">
        {prompts.map((prompt) => (
          <PromptRow key={prompt.id} prompt={prompt} />
        ))}
      </ul>
      <form
        id="save-prompt"
        class="save-prompt"
        hx-post={promptsUrl}
        hx-target="#dialog-body"
        hx-disable="find button"
      >
        {/* The island sets it to the text of the composer, and shows the form if there is one. */}
        <input type="hidden" name="text" data-composer-text value="" />
        <label class="field">
          <span>
            Save the text of the composer <small>Only you see it.</small>
          </span>
          <span class="save-prompt-row">
            <input
              name="name"
              value={name}
              maxLength={PROMPT_NAME_LENGTH}
              placeholder="Name"
              autocomplete="off"
              required
            />
            <button class="button" type="submit">
              Save
            </button>
          </span>
        </label>
      </form>
      <div class="dialog-footer">
        <CloseButton>Close</CloseButton>
      </div>
    </>
  );
}

function PromptRow({ prompt }: { prompt: SavedPrompt }) {
  const { id, name, text } = prompt;
  return (
    <li id={`saved-prompt-${id}`} class="saved-prompt">
      <button class="prompt-insert" type="button" data-insert-prompt title="Insert">
        <b>{name}</b>
        <span class="one-line">{text.slice(0, 200)}</span>
      </button>
      <template data-prompt-text>{text}</template>
      <details class="prompt-rename" name="prompt-rename">
        <summary class="icon-button" aria-label={`Rename ${name}`} title="Rename">
          <Icon name="edit" />
        </summary>
        <form
          class="save-prompt-row"
          hx-post={promptUrl(id)}
          hx-target="#dialog-body"
          hx-disable="find button"
        >
          <input
            name="name"
            value={name}
            maxLength={PROMPT_NAME_LENGTH}
            aria-label="Name"
            autocomplete="off"
            required
          />
          <button class="button" type="submit">
            Rename
          </button>
        </form>
      </details>
      <form hx-post={`${promptUrl(id)}/delete`} hx-target="#dialog-body" hx-disable="find button">
        <button class="icon-button" type="submit" aria-label={`Delete ${name}`} title="Delete">
          <Icon name="close" />
        </button>
      </form>
    </li>
  );
}
