// Views rendered as the pages render them, and looked at as a browser would: parsed, not searched with patterns.
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

export interface Seen {
  html: string;
  /** All text, tags taken off, entities read. */
  text: string;
  /** The attributes of every element a selector finds. */
  all(selector: string): Map<string, string>[];
}

export function see(view: VNode): Seen {
  const html = renderToString(view);
  const texts: string[] = [];
  new HTMLRewriter().onDocument({ text: (piece) => void texts.push(piece.text) }).transform(html);
  return {
    html,
    text: decode(texts.join('')),
    all(selector) {
      const found: Map<string, string>[] = [];
      new HTMLRewriter()
        .on(selector, {
          element: (element) =>
            void found.push(new Map([...element.attributes].map(([k, v]) => [k, decode(v)]))),
        })
        .transform(html);
      return found;
    },
  };
}

function decode(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}
