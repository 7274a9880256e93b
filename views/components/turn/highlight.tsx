// Code with syntax highlighting, done on the server. Every piece of code becomes text of an element, never HTML.
import type { ComponentChildren } from 'preact';
import { common, createLowlight } from 'lowlight';

/** Longer code, and code with longer lines, has no colors: the time that highlighting takes can grow quadratically. */
const MAX_LENGTH = 5_000;
const LONG_LINE = /[^\n]{1000}/;

const lowlight = createLowlight(common);

type Node = ReturnType<typeof lowlight.highlight>['children'][number];

/** Highlights code in a language that is known, such as `ts`. Other code is plain text. */
export function highlight(code: string, language: string): ComponentChildren {
  if (code.length > MAX_LENGTH || LONG_LINE.test(code)) return code;
  if (!lowlight.registered(language)) return code;
  return toElements(lowlight.highlight(language, code, { prefix: 'hl-' }).children);
}

function toElements(nodes: readonly Node[]): ComponentChildren[] {
  return nodes.map((node, index) => {
    if (node.type === 'text') return node.value;
    if (node.type !== 'element') return null;
    const names = node.properties['className'];
    return (
      <span key={index} class={Array.isArray(names) ? names.join(' ') : ''}>
        {toElements(node.children)}
      </span>
    );
  });
}
