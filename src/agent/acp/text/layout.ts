// The line breaks of a transcript: a blank line between sections, none between tool calls.

type Style = (text: string) => string;

/** A section is identified by its kind and ID, such as `tool 42`. */
export function createLayout() {
  let section: string | null = null;
  let trailingNewlines = 2;

  function append(text: string, style: Style = (plain) => plain): string {
    if (text === '') return '';
    const newlines = /\n*$/.exec(text)?.[0].length ?? 0;
    trailingNewlines = newlines === text.length ? trailingNewlines + newlines : newlines;
    return style(text);
  }

  /** Starts a section unless it is the current one. */
  function start(next: string): string {
    const isBetweenTools = isTool(section) && isTool(next);
    const isCurrent = section === next;
    section = next;
    if (isCurrent) return '';
    return append('\n'.repeat(Math.max(0, (isBetweenTools ? 1 : 2) - trailingNewlines)));
  }

  function endLine(): string {
    return trailingNewlines === 0 ? append('\n') : '';
  }

  return {
    /** Appends a piece of streamed text, which may start in the middle of a line. */
    stream(name: string, text: string, style?: Style): string {
      return text === '' ? '' : start(name) + append(text, style);
    },

    /** Appends whole lines. */
    block(name: string, text: string): string {
      return text === '' ? '' : start(name) + endLine() + append(text);
    },

    isCurrent: (name: string) => section === name,
    endLine,
  };
}

function isTool(name: string | null): boolean {
  return name?.startsWith('tool ') === true;
}
