// The output of a command as a file: with its control sequences, or as plain text. Missing output is a line in the text.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { Identity } from '../../hub/state/dashboard.ts';
import type { TerminalMessage } from '../../hub/terminals/terminal-messages.ts';
import { formatGap } from '../../protocol/gap-format.ts';
import { createPlainOutput } from '../../protocol/plain-output.ts';
import { createOutputBody } from '../output-body.ts';
import type { RequireUser } from './guard.tsx';

/** The last characters of a command's ID in the name of its file. The first ones are the time, and the whole ID is too long. */
const ID_CHARACTERS = 8;

export function createCommandOutput(hub: Hub, requireUser: RequireUser) {
  async function respond(
    user: Identity,
    commandId: string,
    extension: 'log' | 'txt',
    createText: () => (message: TerminalMessage | null) => string,
  ): Promise<Response> {
    const { history } = hub.viewFor(user);
    const agentId = (await history.find(commandId))?.agentId ?? 'output';
    const output = await history.openOutput(commandId);
    // IDs of clients can contain any character.
    const name = `${agentId}-${commandId.slice(-ID_CHARACTERS)}`.replaceAll(/[^\w.-]/g, '_');
    return new Response(createOutputBody(output, createText()), {
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        // The page does not copy what is too large.
        'signalbox-total-bytes': String(output.totalBytes),
        'content-disposition': `attachment; filename="${name}.${extension}"`,
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      },
    });
  }

  return new Elysia({ name: 'pages/command-output' })
    .get('/commands/:id/output.log', ({ request, params }) =>
      requireUser(request, (user) => respond(user, params.id, 'log', () => readRaw)),
    )
    .get('/commands/:id/output.txt', ({ request, params }) =>
      requireUser(request, (user) => respond(user, params.id, 'txt', createPlainText)),
    );
}

const readRaw = (message: TerminalMessage | null): string =>
  message?.type === 'terminal:output' ? message.data : '';

function createPlainText() {
  const plain = createPlainOutput();
  return (message: TerminalMessage | null): string => {
    if (!message) return plain.end();
    if (message.type === 'terminal:output') return plain.write(message.data);
    return message.type === 'terminal:gap' ? `${plain.end()}[${formatGap(message)}]\n` : '';
  };
}
