// Reads the blocks of an agent's session: the commands that have ended, with their output.
import type { View } from '../../hub/view.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import type { EndPosition } from '../../store/store.ts';
import type { SessionBlock } from '../../../views/components/block.tsx';
import type { BlockPage } from '../../../views/components/session.tsx';
import { type BlockUpdate, COMPARED_BLOCKS } from '../../../views/pages/agent.tsx';

/** The number of blocks that are loaded at once. An update knows of as many. */
const BLOCKS = COMPARED_BLOCKS;

/** Returns the last blocks, or the last ones before a position, oldest first. */
export async function readBlockPage(
  view: View,
  agentId: string,
  before?: EndPosition,
): Promise<BlockPage> {
  const ended = await view.history.listEnded(agentId, BLOCKS + 1, before);
  const shown = ended.slice(0, BLOCKS);
  const first = ended.length > BLOCKS ? shown.at(-1) : undefined;
  return {
    blocks: await readBlocks(view, shown.toReversed()),
    olderThan: first ? formatEndPosition(first) : null,
  };
}

/** Returns what a page with these last blocks lacks. */
export async function readBlockUpdate(
  view: View,
  agentId: string,
  shownIds: readonly string[],
): Promise<BlockUpdate> {
  const ended = (await view.history.listEnded(agentId, BLOCKS)).toReversed();
  const shown = ended.filter(({ id }) => shownIds.includes(id));
  if (shown.length === 0 && ended.length > 0 && shownIds.length > 0) {
    return { kind: 'replace', page: await readBlockPage(view, agentId) };
  }
  const added = ended.filter(({ id }) => !shownIds.includes(id));
  // A report may arrive after the end of its command.
  return { kind: 'append', blocks: await readBlocks(view, added), shown: shown.slice(-3) };
}

function readBlocks(view: View, commands: readonly CommandExecution[]): Promise<SessionBlock[]> {
  return Promise.all(
    commands.map(async (command) => ({ command, output: await readOutput(view, command) })),
  );
}

async function readOutput(view: View, { id }: CommandExecution): Promise<SessionBlock['output']> {
  if (view.history.outputState(id) === 'expired') return { state: 'expired' };
  const messages = await view.history.readOutput(id);
  const text = messages.map((message) => (message.type === 'terminal:output' ? message.data : ''));
  return { state: 'held', text: text.join('') };
}

function formatEndPosition({ id, completedAt }: CommandExecution): string {
  return `${completedAt ?? 0}.${id}`;
}

/** Parses a position in a URL. Returns undefined if it is invalid. */
export function parseEndPosition(text: string | null): EndPosition | undefined {
  const match = /^(\d{1,15})\.(.{1,64})$/.exec(text ?? '');
  return match?.[1] && match[2] ? { completedAt: Number(match[1]), id: match[2] } : undefined;
}
