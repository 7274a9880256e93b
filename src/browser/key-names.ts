// Names keystrokes, to show which ones did not arrive.

const NAMES: [sequence: string, name: string][] = [
  ['\u001b[200~', ''],
  ['\u001b[201~', ''],
  ['\u001b[A', '↑'],
  ['\u001b[B', '↓'],
  ['\u001b[C', '→'],
  ['\u001b[D', '←'],
  ['\u001bOA', '↑'],
  ['\u001bOB', '↓'],
  ['\u001bOC', '→'],
  ['\u001bOD', '←'],
  ['\u001b[H', 'Home'],
  ['\u001b[F', 'End'],
  ['\u001b[3~', 'Delete'],
  ['\u001b[5~', 'Page Up'],
  ['\u001b[6~', 'Page Down'],
  ['\u001b', 'Esc'],
  ['\r', 'Enter'],
  ['\t', 'Tab'],
  ['\u007f', 'Backspace'],
];
/** Longer input is shortened. */
const MAX_LENGTH = 60;

/** Describes keystrokes: `ls Enter`, `Ctrl+C`, `Esc :wq Enter`. */
export function describeKeys(data: string): string {
  const words: string[] = [];
  let text = '';
  const addWord = (word: string) => {
    if (text !== '') words.push(text);
    text = '';
    if (word !== '') words.push(word);
  };
  for (let at = 0; at < data.length;) {
    const known = NAMES.find(([sequence]) => data.startsWith(sequence, at));
    const code = data.charCodeAt(at);
    if (known) addWord(known[1]);
    else if (code < 32) addWord(`Ctrl+${String.fromCharCode(code + 64)}`);
    else text += data[at];
    at += known?.[0].length ?? 1;
  }
  addWord('');
  const all = words.join(' ');
  return all.length > MAX_LENGTH ? `${all.slice(0, MAX_LENGTH)}…` : all;
}
