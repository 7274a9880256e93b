// Checks whether an AI program is signed in, for programs that would otherwise report it only after the first prompt.
import { childEnvironment } from '../process/environment.ts';
import type { AcpProgram } from './programs.ts';

const TIMEOUT_MS = 15_000;

/** Returns true only if the program says so. A program that cannot answer reports its problem when it starts. */
export async function isSignedOut(
  { signInStatus }: AcpProgram,
  env: Record<string, string | undefined>,
): Promise<boolean> {
  if (!signInStatus) return false;
  try {
    const child = Bun.spawn([...signInStatus.argv], {
      env: childEnvironment(env, 'sign-in'),
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: TIMEOUT_MS,
    });
    return signInStatus.signedOut.test(await new Response(child.stdout).text());
  } catch {
    return false;
  }
}
