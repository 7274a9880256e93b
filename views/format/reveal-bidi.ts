// Makes characters visible that change the direction of text, everywhere on a page.
import { revealBidi } from '../../src/protocol/bidi.ts';

/** A tag, with its attributes, or the text up to the next one. In rendered HTML, only tags contain `<`. */
const PART = /<[^">]*(?:"[^"]*"[^">]*)*>|[^<]+/g;
/** The attributes that people read, some of which a script shows. The others, such as the values of forms, stay as they are. */
const READABLE_ATTRIBUTE = / (?:title|aria-label|data-title|data-slash|placeholder)="[^"]*"/g;

/** Replaces these characters in rendered HTML: in all texts, and in attributes that people read. */
export function revealBidiInHtml(html: string): string {
  if (revealBidi(html) === html) return html;
  return html.replace(PART, (part) =>
    part.startsWith('<') ? part.replace(READABLE_ATTRIBUTE, revealBidi) : revealBidi(part),
  );
}
