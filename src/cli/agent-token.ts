// An agent's token, from where the one who starts the agent has put it: never on a command line, where others see it.
import { readFileSync } from 'node:fs';
import { Failure } from './failure.ts';

/**
 * From the file, or else from SIGNALBOX_AGENT_TOKEN; null where neither is given.
 * @throws {Failure} where the file cannot be read
 */
export function agentToken(file: string | undefined): string | null {
  if (file === undefined) return process.env['SIGNALBOX_AGENT_TOKEN']?.trim() || null;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Failure(`The token cannot be read: ${error instanceof Error ? error.message : file}`);
  }
}
