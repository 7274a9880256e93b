// Which commands an agent accepts (docs/protocol.md, "Agents").
import { COMMAND_BYTES } from './limits.ts';

const SLASH_COMMAND = /^\/[\w:-]+(?=\s|$)/;

/** Returns the capability a command requires: `shell` for `!…`, the name of a slash command, otherwise `prompt`. */
export function requiredCapability(command: string): string {
  if (command.startsWith('!')) return 'shell';
  return SLASH_COMMAND.exec(command)?.[0] ?? 'prompt';
}

/** Whether a command runs on a terminal that accepts input. */
export const runsOnTerminal = (command: string, capabilities: readonly string[]): boolean =>
  requiredCapability(command) === 'shell' && capabilities.includes('pty');

/**
 * Checks that a command is not empty, is at most 64 KiB, contains no NUL, and is within an agent's capabilities.
 * @param capabilities null if they are not known
 * @returns why the command is invalid, as one sentence; null if it is valid
 */
export function validateCommand(
  command: string,
  capabilities: readonly string[] | null,
): string | null {
  const text = command.startsWith('!') ? command.slice(1) : command;
  if (text.trim() === '') return 'The command is empty.';
  if (new TextEncoder().encode(command).length > COMMAND_BYTES) {
    return 'The command is longer than 64 KiB. Put it in a file, and refer to the file.';
  }
  if (command.includes('\0')) return 'The command contains a NUL character.';
  if (capabilities === null) return null;
  const required = requiredCapability(command);
  if (capabilities.includes(required)) return null;
  if (required === 'shell') return 'This agent does not run shell commands.';
  if (required === 'prompt') {
    return capabilities.includes('shell')
      ? 'This agent does not accept prompts. To run a shell command, start it with "!".'
      : 'This agent does not accept prompts.';
  }
  return `This agent does not support the command ${required}.`;
}
