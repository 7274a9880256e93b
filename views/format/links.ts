// Finds the http and https URLs in a text.

/** A part of a text. */
export interface TextPart {
  text: string;
  /** The target, if the part is a link. */
  url?: string;
}

const URL_TEXT = /https?:\/\/[^\s<>"'`\p{C}]+/giu;
/** A URL in a sentence does not end with these. */
const PUNCTUATION = '.,;:!?*_~';
const BRACKETS: Record<string, string> = { ')': '(', ']': '[', '}': '{' };

/** Returns the target in normal form, with other characters than ASCII encoded; null if it is not an http or https URL. */
export function toWebUrl(text: string): string | null {
  const url = URL.parse(text);
  return url && /^https?:$/.test(url.protocol) ? url.href : null;
}

/** Cuts a text into its URLs and what is between them. */
export function splitLinks(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const { 0: match, index } of text.matchAll(URL_TEXT)) {
    const found = trimUrl(match);
    const url = toWebUrl(found);
    if (url === null) continue;
    if (index > end) parts.push({ text: text.slice(end, index) });
    parts.push({ text: found, url });
    end = index + found.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/** Removes punctuation at the end, and closing brackets that were not opened in the URL. */
function trimUrl(text: string): string {
  let end = text.length;
  const unopened = (close: string, open: string) =>
    count(text, close, end) > count(text, open, end);
  for (; end > 0; end--) {
    const last = text[end - 1] ?? '';
    const open = BRACKETS[last];
    const isTrimmed = open === undefined ? PUNCTUATION.includes(last) : unopened(last, open);
    if (!isTrimmed) break;
  }
  return text.slice(0, end);
}

function count(text: string, character: string, end: number): number {
  let found = 0;
  for (let at = 0; at < end; at++) if (text[at] === character) found += 1;
  return found;
}
