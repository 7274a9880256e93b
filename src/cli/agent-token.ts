// Reads an agent's token. There is no option for the token itself: other users can see command lines.
import { readFileSync } from 'node:fs';
import { CliError } from './cli-error.ts';

/**
 * Reads the token from the file if one is given, otherwise from SIGNALBOX_AGENT_TOKEN. Returns null if neither is set.
 * @throws {CliError} if the file cannot be read
 */
export function readAgentToken(file: string | undefined): string | null {
  if (file === undefined) return process.env['SIGNALBOX_AGENT_TOKEN']?.trim() || null;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`Cannot read the token file: ${reason}`);
  }
}
