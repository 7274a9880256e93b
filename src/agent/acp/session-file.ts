// Which conversation an agent is in, on disk: it goes on after a restart, where the program can take it up again.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

const Kept = Type.Object({ program: Type.String(), cwd: Type.String(), sessionId: Type.String() });

/** @param program whose conversation it is; another program's, or another folder's, is not taken up */
export function openSessionFile(file: string, program: string, cwd: string) {
  return {
    /** The conversation to go on with; null where there is none. */
    read(): string | null {
      try {
        const kept: unknown = JSON.parse(readFileSync(file, 'utf8'));
        if (!Value.Check(Kept, kept) || kept.program !== program || kept.cwd !== cwd) return null;
        return kept.sessionId;
      } catch {
        return null;
      }
    },
    keep(sessionId: string): void {
      writeFileSync(`${file}.new`, JSON.stringify({ program, cwd, sessionId }), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
    forget: () => rmSync(file, { force: true }),
  };
}
