// JSON that is safe to print on a terminal.
import { BIDI_CONTROL } from '../protocol/bidi.ts';

/** DEL and the 8-bit controls, which JSON allows unescaped. */
const CONTROL = /[\u007f-\u009f]/g;

/**
 * Formats a value as JSON on one line. Control characters, and those that change the direction of text, are escaped:
 * values can contain text from agents.
 */
export function toJson(value: unknown): string {
  return escapeControls(JSON.stringify(value));
}

/** Escapes these characters in JSON text. */
export function escapeControls(json: string): string {
  return json.replace(CONTROL, escape).replace(BIDI_CONTROL, escape);
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
