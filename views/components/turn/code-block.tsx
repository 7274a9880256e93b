// A block of code with its language and a button that copies it.
import { Icon } from '../icons.tsx';
import { highlight } from './highlight.tsx';

export function CodeBlock({ id, code, language }: { id: string; code: string; language: string }) {
  const text = code.replace(/\n$/, '');
  return (
    <div class="code-block">
      <p class="code-head">
        <span>{language.slice(0, 30) || 'text'}</span>
        <button class="code-copy" type="button" data-copy={id} aria-label="Copy this code">
          <Icon name="copy" />
          <span data-copy-label aria-live="polite">
            Copy
          </span>
        </button>
      </p>
      <pre tabIndex={0} role="region" aria-label="Code">
        <code id={id}>{highlight(text, language.toLowerCase())}</code>
      </pre>
    </div>
  );
}
