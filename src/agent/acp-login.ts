// Whether somebody has logged in, asked of a program that would otherwise tell only once it is given a prompt.
import type { AcpProgram } from './acp-programs.ts';

const ANSWER_MS = 15_000;
/** What a program ends with that knows nobody has logged in; others know nothing of the question. */
const LOGGED_OUT = 1;

/** False only where the program says so. */
export async function mayBeLoggedIn(
  { loginStatus }: AcpProgram,
  env: Record<string, string | undefined>,
): Promise<boolean> {
  if (!loginStatus) return true;
  try {
    const child = Bun.spawn([...loginStatus], {
      env,
      stdio: ['ignore', 'ignore', 'ignore'],
      timeout: ANSWER_MS,
    });
    return (await child.exited) !== LOGGED_OUT;
  } catch {
    return true;
  }
}
