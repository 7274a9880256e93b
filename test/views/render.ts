// Renders a view as the pages do, and parses the result for assertions.
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

export interface Rendered {
  html: string;
  /** The text content, with entities decoded. */
  text: string;
  /** Returns the attributes of every element that matches the selector. */
  findAll(selector: string): Map<string, string>[];
}

export function render(view: VNode): Rendered {
  const html = renderToString(view);
  const texts: string[] = [];
  new HTMLRewriter().onDocument({ text: (chunk) => void texts.push(chunk.text) }).transform(html);
  return {
    html,
    text: decode(texts.join('')),
    findAll(selector) {
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
