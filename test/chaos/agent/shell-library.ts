// The shell functions that commands of a round consist of. They record in files what they write and when they start and
// end, so that the checks need not rely on the hub for it.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Floods are cut from a text file of 64-byte lines with characters of one to four bytes. */
const LINES = 32_768;
const LINE_BYTES = 64;
export const FLOOD_TEXT_BYTES = LINES * LINE_BYTES;

/**
 * `begin` and `end` append with one write (O_APPEND). `wait_for` reads from a pipe without writers, because starting a
 * `sleep` takes longer than most pauses. Messages of bash itself are discarded.
 */
const LIBRARY = String.raw`
exec 4>&2 2>/dev/null 9<>idle
wait_for() { read -rt "$1" -u 9; }
begin() { name=$1; printf '%s\n' "$name $EPOCHREALTIME" >> starts; }
end() { printf '%s\n' "$name $EPOCHREALTIME" >> ends; exit "$1"; }
out() { printf %s "$1" >> "written/$name.out"; printf %s "$1"; }
err() { printf %s "$1" >> "written/$name.err"; printf %s "$1" >&4; }
pause() { [ "$1" = 0 ] || wait_for "$1"; }
lines() { for ((i = 0; i < $1; i++)); do out "$name é✓🚦 $i"$'\n'; pause "$2"; done; }
both() { for ((i = 0; i < $1; i++)); do out "$name out $i ✓"$'\n'; err "$name err $i 🚦"$'\n'; pause "$2"; done; }
cut_text() { dd if=flood-text bs=65536 iflag=skip_bytes,count_bytes skip="$1" count="$2" status=none; }
flood() { for ((i = 0; i < $1; i++)); do cut_text "$2" "$3" >> "written/$name.out"; cut_text "$2" "$3"; pause "$4"; done; }
gate() { until [ -e "$1" ]; do wait_for 0.03; done; }
`;

/** An entry that a command has recorded. */
export interface Mark {
  /** The name of the command; for approval requests with further words. */
  name: string;
  /** Unix milliseconds. */
  at: number;
}

export type ShellLibrary = ReturnType<typeof createShellLibrary>;

/** Writes the library and its data into the folder in which commands run. */
export function createShellLibrary(folder: string) {
  mkdirSync(join(folder, 'written'), { recursive: true });
  writeFileSync(join(folder, 'library.sh'), LIBRARY);
  writeFileSync(join(folder, 'flood-text'), createFloodText());
  Bun.spawnSync(['mkfifo', join(folder, 'idle')]);

  function readMarks(file: string): Mark[] {
    const path = join(folder, file);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const space = line.lastIndexOf(' ');
        return { name: line.slice(0, space), at: Number(line.slice(space)) * 1000 };
      });
  }

  return {
    /** Reads the start of every command, in order; a command that started twice appears twice. */
    readStarts: () => readMarks('starts'),
    /** Reads the end of every command that was not killed. */
    readEnds: () => readMarks('ends'),
    /** Reads the approval requests of the AI programs: the command and the number of the request. */
    readAsked: () => readMarks('asked'),
    /** Reads the answers that the AI programs received: as in `readAsked`, and the option or `cancelled`. */
    readAnswered: () => readMarks('answered'),
    /** Reads what a command wrote to a stream, or was about to write when it was killed. */
    readWritten(name: string, stream: 'stdout' | 'stderr'): Buffer {
      const path = join(folder, 'written', `${name}.${stream === 'stdout' ? 'out' : 'err'}`);
      return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    },
    /** Lets the commands that wait at this gate continue. */
    openGate: (gate: string) => appendFileSync(join(folder, gate), ''),
  };
}

function createFloodText(): Buffer {
  const filler = ' é✓🚦 the quick brown fox jumps over the lazy dog';
  const lines = Array.from({ length: LINES }, (_, index) => {
    const line = Buffer.from(`${index.toString(16).padStart(5, '0')}${filler}`);
    return Buffer.concat([
      line,
      Buffer.alloc(LINE_BYTES - 1 - line.length, '.'),
      Buffer.from('\n'),
    ]);
  });
  return Buffer.concat(lines);
}
