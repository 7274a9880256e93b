// What a child of the agent sees of the agent's environment.
import { MARK_VARIABLE } from './table.ts';

/**
 * The environment for a child: what is given, without the agent's own SIGNALBOX_ variables, for there are secrets in
 * them, and with the mark by which it and all its descendants can be found.
 */
export function childEnvironment(
  given: Record<string, string | undefined>,
  mark: string,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !name.startsWith('SIGNALBOX_')) env[name] = value;
  }
  return { ...env, [MARK_VARIABLE]: mark };
}
