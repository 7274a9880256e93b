// Which commands an agent can take (protocol.md, "Agents").
import { COMMAND_BYTES } from './limits.ts';

const SLASH_COMMAND = /^\/[\w:-]+(?=\s|$)/;

/** The capability a command needs: `shell` for `!…`, a slash command's own name, `prompt` for everything else. */
export function requiredCapability(command: string): string {
  if (command.startsWith('!')) return 'shell';
  return SLASH_COMMAND.exec(command)?.[0] ?? 'prompt';
}

/**
 * Why an agent with these capabilities cannot take this command: one sentence, or null where it can.
 * The rules: not empty, at most 64 KiB, no NUL, within the capabilities.
 */
export function validateCommand(command: string, capabilities: readonly string[]): string | null {
  const text = command.startsWith('!') ? command.slice(1) : command;
  if (text.trim() === '') return 'The command is empty.';
  if (new TextEncoder().encode(command).length > COMMAND_BYTES) {
    return 'The command is longer than 64 KiB: put it in a file and name the file.';
  }
  if (command.includes('\0')) return 'The command has a NUL character in it.';
  const needed = requiredCapability(command);
  if (capabilities.includes(needed)) return null;
  if (needed === 'shell') return 'This agent runs no shell commands.';
  if (needed === 'prompt') {
    return capabilities.includes('shell')
      ? 'This agent takes no prompts: begin the command with "!" to run it in the shell.'
      : 'This agent takes no prompts.';
  }
  return `This agent does not know ${needed}.`;
}
