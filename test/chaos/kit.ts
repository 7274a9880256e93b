// What the commands of a round are made of: a few shell functions that put everything they write into a file first, so
// that afterwards nobody need believe the hub about it.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Lines of the text that floods are cut from: 64 bytes each, with characters of one to four bytes. */
const LINES = 32_768;
const LINE_BYTES = 64;
export const BLOB_BYTES = LINES * LINE_BYTES;

/** A name in the file of starts is one write with O_APPEND; what bash itself has to say goes nowhere. */
const KIT = String.raw`
exec 4>&2 2>/dev/null
begin() { name=$1; printf '%s\n' "$name $EPOCHREALTIME" >> starts; }
leave() { printf '%s\n' "$name $EPOCHREALTIME" >> ends; exit "$1"; }
out() { printf %s "$1" >> "wrote/$name.out"; printf %s "$1"; }
err() { printf %s "$1" >> "wrote/$name.err"; printf %s "$1" >&4; }
pause() { [ "$1" = 0 ] || sleep "$1"; }
lines() { for ((i = 0; i < $1; i++)); do out "$name é✓🚦 $i"$'\n'; pause "$2"; done; }
both() { for ((i = 0; i < $1; i++)); do out "$name out $i ✓"$'\n'; err "$name err $i 🚦"$'\n'; pause "$2"; done; }
piece() { dd if=blob bs=65536 iflag=skip_bytes,count_bytes skip="$1" count="$2" status=none; }
flood() { for ((i = 0; i < $1; i++)); do piece "$2" "$3" >> "wrote/$name.out"; piece "$2" "$3"; pause "$4"; done; }
gate() { until [ -e "$1" ]; do sleep 0.03; done; }
`;

export interface Mark {
  name: string;
  /** Unix milliseconds. */
  at: number;
}

export type Kit = ReturnType<typeof createKit>;

/** Lays the shell functions, and the text they flood with, into the folder that commands run in. */
export function createKit(folder: string) {
  mkdirSync(join(folder, 'wrote'), { recursive: true });
  writeFileSync(join(folder, 'kit'), KIT);
  writeFileSync(join(folder, 'blob'), createBlob());

  function marks(file: string): Mark[] {
    const path = join(folder, file);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [name = '', at = ''] = line.split(' ');
        return { name, at: Number(at) * 1000 };
      });
  }

  return {
    /** Every command that began, in order, as often as it began. */
    starts: () => marks('starts'),
    /** Every command that came to its own end. */
    ends: () => marks('ends'),
    /** What a command wrote to one of its streams, or was about to when it was killed. */
    wrote(name: string, stream: 'stdout' | 'stderr'): Buffer {
      const path = join(folder, 'wrote', `${name}.${stream === 'stdout' ? 'out' : 'err'}`);
      return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    },
    /** Lets a command go on that waits at this gate. */
    open: (gate: string) => appendFileSync(join(folder, gate), ''),
  };
}

function createBlob(): Buffer {
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
