// Terminal output as plain text: without control sequences, and with only the last version of lines that a program wrote
// again, such as progress bars.

/* eslint-disable no-control-regex */
const SEQUENCE =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)|[ -/]*[0-Z\\^-~])/g;
const CONTROL = /[\u0000-\u0007\u000b\u000c\u000e-\u001f\u007f]/g;
/** A control sequence that the next chunk may complete. */
const INCOMPLETE = /\u001b(?:\[[0-?]*[ -/]*|[\]PX^_][^\u0007\u001b]{0,4096}\u001b?|[ -/]*)$/;
/* eslint-enable no-control-regex */

/** The characters of a line within which carriage returns and backspaces are applied. */
const MAX_LINE_LENGTH = 1_048_576;

/** Applies carriage returns and backspaces within a line. */
function applyOverwrites(line: string): string {
  if (!line.includes('\r') && !line.includes('\b')) return line;
  const characters: string[] = [];
  let column = 0;
  for (const character of line) {
    if (character === '\r') column = 0;
    else if (character === '\b') column = Math.max(0, column - 1);
    else characters[column++] = character;
  }
  return characters.join('');
}

/** Returns complete lines as plain text. */
function toPlain(text: string): string {
  const visible = text.replaceAll(SEQUENCE, '').replaceAll(CONTROL, '');
  return visible.split('\n').map(applyOverwrites).join('\n');
}

/**
 * Creates a converter for output that arrives in chunks. It returns the lines that are complete, with their line breaks.
 * `end` returns the rest.
 */
export function createPlainOutput() {
  let rest = '';

  function takeRest(): string {
    const last = toPlain(rest);
    rest = '';
    return last;
  }

  return {
    write(data: string): string {
      rest += data;
      // A line without an end is passed on in parts.
      if (!data.includes('\n')) return rest.length > MAX_LINE_LENGTH ? takeRest() : '';
      const end = rest.lastIndexOf('\n') + 1;
      // A sequence can contain a line break, so do not cut within one.
      const cut = INCOMPLETE.exec(rest.slice(0, end - 1))?.index;
      const complete = rest.slice(0, cut === undefined ? end : rest.lastIndexOf('\n', cut) + 1);
      rest = rest.slice(complete.length);
      return toPlain(complete);
    },
    end: takeRest,
  };
}
