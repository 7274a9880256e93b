// The prompts of a user: those that were sent, and those that are saved (docs/protocol.md, "HTTP API").
import { type Static, Type } from '@sinclair/typebox';
import { Page } from './api.ts';
import { PROMPT_NAME_LENGTH } from './limits.ts';
import { Timestamp } from './message.ts';

const Name = Type.String({ minLength: 1, maxLength: PROMPT_NAME_LENGTH });

/** A prompt that a user saved. */
export const SavedPrompt = Type.Object({
  id: Type.String(),
  /** Unique among the prompts of the user. */
  name: Type.String(),
  text: Type.String(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type SavedPrompt = Static<typeof SavedPrompt>;

/** The body of `POST /api/v1/prompts`. */
export const PromptBody = Type.Object({ name: Name, text: Type.String() });
export type PromptBody = Static<typeof PromptBody>;

/** The body of `PATCH /api/v1/prompts/:id`. */
export const PromptChanges = Type.Partial(PromptBody, { additionalProperties: false });
export type PromptChanges = Static<typeof PromptChanges>;

/** The response of `GET /api/v1/prompts/history`: what a user sent, the latest first. */
export const PromptHistory = Page(Type.String());
export type PromptHistory = Static<typeof PromptHistory>;
