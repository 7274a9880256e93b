// Makes characters visible that change the direction of the text around them. Text from people, agents and AI programs can
// contain them to look like other text, such as a harmless command.

/** Marks, embeddings, overrides and isolates (Unicode Standard Annex #9, section 2). */
export const BIDI_CONTROL = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Replaces each of these characters with its code point: `[U+202E]`. */
export function revealBidi(text: string): string {
  return text.replace(BIDI_CONTROL, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return `[U+${code}]`;
  });
}
