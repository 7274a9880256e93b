// Reads the blocks of an agent's session: the commands that have ended, with their output.
import type { EndPosition } from '../../hub/commands/history.ts';
import type { View } from '../../hub/view.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { createShownOutputs } from './static-output.ts';
import type { SessionBlock } from '../../../views/components/block.tsx';
import type { BlockPage } from '../../../views/components/session.tsx';
import { findShownTurn } from './turn.tsx';
import { type BlockUpdate, COMPARED_BLOCKS } from '../../../views/pages/agent.tsx';

/** The number of blocks that are loaded at once. An update knows of as many. */
const BLOCKS = COMPARED_BLOCKS;

export function createAgentBlocks() {
  const outputs = createShownOutputs();

  function read(view: View, commands: readonly CommandExecution[]): Promise<SessionBlock[]> {
    return Promise.all(
      commands.map(async (command) => {
        const isPrompt = !command.command.startsWith('!');
        const turn = isPrompt ? await findShownTurn(view, command) : undefined;
        const output = await outputs.read(view, command.id);
        return { command, output, turn, requestId: Bun.randomUUIDv7() };
      }),
    );
  }

  /** Returns the last blocks, or the last ones before a position, oldest first. */
  async function readPage(view: View, agentId: string, before?: EndPosition): Promise<BlockPage> {
    const ended = await view.history.listEnded(agentId, BLOCKS + 1, before);
    const shown = ended.slice(0, BLOCKS);
    const first = ended.length > BLOCKS ? shown.at(-1) : undefined;
    return {
      blocks: await read(view, shown.toReversed()),
      olderThan: first ? formatEndPosition(first) : null,
    };
  }
  return {
    readPage,
    /** Returns what a page with these last blocks lacks. */
    async readUpdate(
      view: View,
      agentId: string,
      shownIds: readonly string[],
    ): Promise<BlockUpdate> {
      const ended = (await view.history.listEnded(agentId, BLOCKS)).toReversed();
      const shown = ended.filter(({ id }) => shownIds.includes(id));
      if (shown.length === 0 && ended.length > 0) {
        return { kind: 'replace', page: await readPage(view, agentId) };
      }
      const added = ended.filter(({ id }) => !shownIds.includes(id));
      // A report may arrive after the end of its command.
      return { kind: 'append', blocks: await read(view, added), shown: shown.slice(-3) };
    },
  };
}

function formatEndPosition({ id, completedAt }: CommandExecution): string {
  return `${completedAt ?? 0}.${id}`;
}

/** Parses a position in a URL. Returns undefined if it is invalid. */
export function parseEndPosition(text: string | null): EndPosition | undefined {
  const match = /^(\d{1,15})\.(.{1,64})$/.exec(text ?? '');
  return match?.[1] && match[2] ? { completedAt: Number(match[1]), id: match[2] } : undefined;
}
