// The prompts of a user: those that were sent, for the history of the composer on all devices, and those that are saved.
import { HubError } from '../protocol/errors.ts';
import {
  COMMAND_BYTES,
  MAX_SAVED_PROMPTS,
  PROMPT_HISTORY_BYTES,
  PROMPT_HISTORY_LENGTH,
} from '../protocol/limits.ts';
import type { PromptBody, PromptChanges, SavedPrompt } from '../protocol/prompts.ts';
import { byteLength } from '../protocol/text.ts';
import type { StoredPrompt } from '../store/store.ts';
import type { HubContext } from './context.ts';
import { requirePermission } from './require-permission.ts';
import type { Actor } from './state/dashboard.ts';

export function createPrompts({ store, clock, storeHealth }: HubContext) {
  /** @throws {HubError} not_found */
  async function requireOwn(actor: Actor, id: string): Promise<StoredPrompt> {
    const prompt = (await store.prompts.list(actor.userId)).find((one) => one.id === id);
    if (prompt) return prompt;
    throw new HubError('not_found', 'This prompt does not exist. It may have been deleted.');
  }

  /**
   * Checks a prompt against the user's others.
   * @throws {HubError} invalid_message
   */
  function requireValid({ id, name, text }: StoredPrompt, others: readonly StoredPrompt[]) {
    if (name === '') throw new HubError('invalid_message', 'Enter a name for the prompt.');
    if (text.trim() === '') throw new HubError('invalid_message', 'The prompt is empty.');
    if (byteLength(text) > COMMAND_BYTES) {
      throw new HubError('invalid_message', 'The prompt is longer than 64 KiB.');
    }
    if (others.some((other) => other.name === name && other.id !== id)) {
      throw new HubError(
        'invalid_message',
        `You already have a prompt "${name}". Choose another name.`,
      );
    }
  }

  return {
    /**
     * Lists the texts that the user sent to any agent, the latest first, without repetitions: at most 200, and 512 KiB.
     * @throws {HubError} forbidden
     */
    async listSent(actor: Actor): Promise<string[]> {
      requirePermission(actor, 'commands:send');
      const texts = await store.commands.listTexts(actor.userId, PROMPT_HISTORY_LENGTH);
      let bytes = 0;
      return texts.filter((text) => {
        bytes += byteLength(text);
        return bytes <= PROMPT_HISTORY_BYTES;
      });
    },
    /**
     * Lists the user's saved prompts by name.
     * @throws {HubError} forbidden
     */
    async list(actor: Actor): Promise<SavedPrompt[]> {
      requirePermission(actor, 'commands:send');
      return (await store.prompts.list(actor.userId)).map(toSaved);
    },
    /**
     * Saves a prompt.
     * @throws {HubError} forbidden, invalid_message, unavailable
     */
    async add(actor: Actor, { name, text }: PromptBody): Promise<SavedPrompt> {
      requirePermission(actor, 'commands:send');
      const others = await store.prompts.list(actor.userId);
      const now = clock.now();
      const prompt = {
        id: Bun.randomUUIDv7(),
        userId: actor.userId,
        name: name.trim(),
        text,
        createdAt: now,
        updatedAt: now,
      };
      requireValid(prompt, others);
      if (others.length >= MAX_SAVED_PROMPTS) {
        const message = `You already have ${MAX_SAVED_PROMPTS} saved prompts. Delete one first.`;
        throw new HubError('invalid_message', message);
      }
      await storeHealth.save(store.prompts.insert(prompt));
      return toSaved(prompt);
    },
    /**
     * Renames a prompt, or changes its text.
     * @throws {HubError} forbidden, not_found, invalid_message, unavailable
     */
    async change(actor: Actor, id: string, changes: PromptChanges): Promise<SavedPrompt> {
      requirePermission(actor, 'commands:send');
      const prompt = await requireOwn(actor, id);
      const { name = prompt.name, text = prompt.text } = changes;
      const changed = { ...prompt, name: name.trim(), text, updatedAt: clock.now() };
      requireValid(changed, await store.prompts.list(actor.userId));
      const { name: newName, updatedAt } = changed;
      await storeHealth.save(store.prompts.update(id, { name: newName, text, updatedAt }));
      return toSaved(changed);
    },
    /**
     * Deletes a prompt.
     * @throws {HubError} forbidden, not_found, unavailable
     */
    async remove(actor: Actor, id: string): Promise<void> {
      requirePermission(actor, 'commands:send');
      await requireOwn(actor, id);
      await storeHealth.save(store.prompts.remove(id));
    },
  };
}

function toSaved({ userId, ...prompt }: StoredPrompt): SavedPrompt {
  return prompt;
}
