// Preformatted lines of which only the first ones are visible at once.
import type { ComponentChildren } from 'preact';
import { formatCount } from '../../format/units.ts';

const MAX_LINES = 60;

interface FoldedLinesProps {
  id: string;
  label: string;
  lines: readonly string[];
  /** Renders some of the lines. */
  children(lines: readonly string[]): ComponentChildren;
}

/** Shows the first 60 lines; the rest opens on demand. One line more is not folded: the button would be as high. */
export function FoldedLines({ id, label, lines, children }: FoldedLinesProps) {
  const isFolded = lines.length > MAX_LINES + 1;
  const shown = isFolded ? lines.slice(0, MAX_LINES) : lines;
  return (
    <>
      <pre tabIndex={0} role="region" aria-label={label}>
        <code>{children(shown)}</code>
      </pre>
      {isFolded && (
        <details id={`${id}-rest`} class="fold">
          <summary>Show {formatCount(lines.length - MAX_LINES, 'more line')}</summary>
          <pre tabIndex={0} role="region" aria-label={`${label}, continued`}>
            <code>{children(lines.slice(MAX_LINES))}</code>
          </pre>
        </details>
      )}
    </>
  );
}
