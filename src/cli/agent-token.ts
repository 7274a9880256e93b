// Reads an agent's token. There is no option for the token itself: other users can see command lines.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { CliError } from './cli-error.ts';
import { readSecret } from './secrets.ts';

/** Standard input. */
const STDIN = '-';

/**
 * Reads the token from the file if one is given, otherwise from SIGNALBOX_AGENT_TOKEN. Returns null if neither is set.
 * @param file a path; `-` for standard input; or a file that the process was started with, such as `/dev/fd/3`
 * @throws {CliError} if the file cannot be read
 */
export function readAgentToken(file: string | undefined): string | null {
  if (file === undefined) return readSecret('SIGNALBOX_AGENT_TOKEN')?.trim() || null;
  try {
    const token = readFileSync(file === STDIN ? 0 : file, 'utf8').trim();
    closeInherited(file);
    return token;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`Cannot read the token file: ${reason}`);
  }
}

/**
 * Reads the token file again, after the hub has rejected the token. Returns null if there is none, or it cannot be read.
 * A file that the process was started with has been closed.
 */
export function readTokenAgain(file: string | undefined): string | null {
  if (file === undefined || inheritedDescriptor(file) !== null) return null;
  try {
    return readAgentToken(file) || null;
  } catch {
    return null;
  }
}

/** The descriptor of a file that the process was started with; null for any other file. */
function inheritedDescriptor(file: string): number | null {
  const descriptor = file === STDIN ? '0' : /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(file)?.[1];
  return descriptor === undefined ? null : Number(descriptor);
}

/** Closes a file that the process was started with, so that the programs it starts cannot read the token from it. */
function closeInherited(file: string): void {
  const descriptor = inheritedDescriptor(file);
  if (descriptor === null) return;
  closeSync(descriptor);
  // The lowest free descriptor: standard input stays open.
  if (descriptor === 0) openSync('/dev/null', 'r');
}
