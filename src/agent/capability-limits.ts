// Fits the capabilities of an agent to the limits of the protocol. The hub rejects an agent that exceeds them.
import { CAPABILITY_LENGTH, MAX_CAPABILITIES } from '../protocol/limits.ts';

/** Never omitted. All other capabilities are slash commands. */
const KINDS = new Set(['prompt', 'shell', 'pty', 'files']);

/** Returns the capabilities within the limits, without duplicates, and the number of those that are omitted. */
export function limitCapabilities(capabilities: readonly string[]) {
  const all = [...new Set(capabilities)];
  const kinds = all.filter((capability) => KINDS.has(capability));
  const slashCommands = all.filter((name) => !KINDS.has(name));
  const valid = slashCommands.filter(({ length }) => length > 0 && length <= CAPABILITY_LENGTH);
  const kept = new Set([...kinds, ...valid.slice(0, MAX_CAPABILITIES - kinds.length)]);
  return {
    capabilities: all.filter((capability) => kept.has(capability)),
    omittedCount: all.length - kept.size,
  };
}

/** Says that slash commands are omitted, and why. */
export function omissionNotice(count: number): string {
  const subject = count === 1 ? '1 slash command is' : `${count} slash commands are`;
  const limit = `up to ${MAX_CAPABILITIES.toLocaleString('en-US')} capabilities`;
  return `${subject} not available: an agent can have ${limit}, with names of up to ${CAPABILITY_LENGTH} characters.`;
}
