// Stores on disk which conversation the agent is in, so that it can continue after a restart.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

const StoredSession = Type.Object({
  program: Type.String(),
  cwd: Type.String(),
  sessionId: Type.String(),
});

/** A stored session is used only for the same program in the same folder. */
export function openSessionFile(path: string, program: string, cwd: string) {
  return {
    /** The session to continue; null if there is none. */
    read(): string | null {
      try {
        const stored: unknown = JSON.parse(readFileSync(path, 'utf8'));
        if (!Value.Check(StoredSession, stored)) return null;
        return stored.program === program && stored.cwd === cwd ? stored.sessionId : null;
      } catch {
        return null;
      }
    },
    save(sessionId: string): void {
      writeFileSync(`${path}.new`, JSON.stringify({ program, cwd, sessionId }), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
  };
}
