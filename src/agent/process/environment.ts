// The environment of the agent's child processes.
import { MARK_VARIABLE } from './table.ts';

/**
 * Builds a child's environment from `variables`. Leaves out the agent's own SIGNALBOX_ variables, because they contain
 * secrets, and adds the mark that identifies the child and its descendants.
 */
export function childEnvironment(
  variables: Record<string, string | undefined>,
  mark: string,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined && !name.startsWith('SIGNALBOX_')) env[name] = value;
  }
  return { ...env, [MARK_VARIABLE]: mark };
}
