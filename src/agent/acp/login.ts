// Whether somebody has logged in, asked of a program that would otherwise tell only once it is given a prompt.
import type { AcpProgram } from './programs.ts';

const ANSWER_MS = 15_000;

/** False only where the program says so: one that cannot answer says why when it is started. */
export async function mayBeLoggedIn(
  { loginStatus }: AcpProgram,
  env: Record<string, string | undefined>,
): Promise<boolean> {
  if (!loginStatus) return true;
  try {
    const child = Bun.spawn([...loginStatus.argv], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: ANSWER_MS,
    });
    return !loginStatus.loggedOut.test(await new Response(child.stdout).text());
  } catch {
    return true;
  }
}
