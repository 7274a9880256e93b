// Makes the output of commands safe for the terminal of the person who reads it. Colors and simple cursor movements stay.
// Everything else is removed: such sequences can set the title or the clipboard, or make the terminal type an answer.

/** Colors, cursor movements and erasing (ECMA-48, section 8.3): CSI sequences without private parameters. */
// eslint-disable-next-line no-control-regex
const ALLOWED_SEQUENCE = /^\u001b\[[0-9;:]*[A-HJKfm]$/;
const MAX_SEQUENCE_CHARACTERS = 64;
// eslint-disable-next-line no-control-regex
const CONTROL_CHARACTER = /[\u0000-\u0007\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

const ESCAPE = 0x1b;
const BELL = 0x07;
/** The 8-bit controls that begin a CSI sequence, begin a control string, and end one. */
const CSI = 0x9b;
const STRINGS = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f]);
const STRING_END = 0x9c;

type State = 'text' | 'escape' | 'sequence' | 'string' | 'string-escape';

/** Creates a filter for a stream. It remembers a sequence that is split between two pieces of text. */
export function createTerminalFilter(): (text: string) => string {
  let state: State = 'text';
  let sequence = '';

  function beginSequence() {
    state = 'sequence';
    sequence = '\u001b[';
  }

  /** Handles a character outside of a sequence. Returns what remains of it. */
  function readText(character: string, code: number): string {
    if (code === ESCAPE) state = 'escape';
    else if (STRINGS.has(code)) state = 'string';
    else if (code === CSI) beginSequence();
    else if (!CONTROL_CHARACTER.test(character)) return character;
    return '';
  }

  function readEscape(character: string, code: number) {
    if (code === ESCAPE) return;
    if (character === '[') beginSequence();
    else if (']PX^_'.includes(character)) state = 'string';
    // Intermediate characters are followed by a final one.
    else if (code < 0x20 || code > 0x2f) state = 'text';
  }

  /** Handles a character of a CSI sequence. Returns the sequence if it ends and is allowed. */
  function readSequence(character: string, code: number): string {
    if (code === ESCAPE) state = 'escape';
    else if (code < 0x20) return '';
    else if (code < 0x40 && sequence.length < MAX_SEQUENCE_CHARACTERS) sequence += character;
    else if (code >= 0x40) {
      state = 'text';
      const isComplete = sequence.length < MAX_SEQUENCE_CHARACTERS;
      const whole = sequence + character;
      if (isComplete && ALLOWED_SEQUENCE.test(whole)) return whole;
    }
    return '';
  }

  function readString(character: string, code: number) {
    if (code === BELL || code === STRING_END) state = 'text';
    else if (state === 'string-escape' && character === '\\') state = 'text';
    else state = code === ESCAPE ? 'string-escape' : 'string';
  }

  return (text) => {
    if (state === 'text' && !CONTROL_CHARACTER.test(text)) return text;
    let result = '';
    for (const character of text) {
      const code = character.codePointAt(0) ?? 0;
      switch (state) {
        case 'text':
          result += readText(character, code);
          break;
        case 'escape':
          readEscape(character, code);
          break;
        case 'sequence':
          result += readSequence(character, code);
          break;
        case 'string':
        case 'string-escape':
          readString(character, code);
          break;
      }
    }
    return result;
  };
}
