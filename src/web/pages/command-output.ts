// The output of a command as a file: with its control sequences, or as plain text. Missing output is a line in the text.
import { Elysia } from 'elysia';
import type { Output } from '../../hub/commands/history.ts';
import type { Hub } from '../../hub/hub.ts';
import type { TerminalMessage } from '../../hub/terminals/terminal-messages.ts';
import { formatGap } from '../../protocol/gap-format.ts';
import { createPlainOutput } from '../../protocol/plain-output.ts';
import { createOutputBody } from '../output-body.ts';
import type { RequireUser } from './guard.tsx';

export function createCommandOutput(hub: Hub, requireUser: RequireUser) {
  return new Elysia({ name: 'pages/command-output' })
    .get('/commands/:id/output.log', ({ request, params }) =>
      requireUser(request, async (user) => {
        const output = await hub.viewFor(user).history.openOutput(params.id);
        const body = createOutputBody(output, (message) =>
          message?.type === 'terminal:output' ? message.data : '',
        );
        return respond(params.id, 'log', output, body);
      }),
    )
    .get('/commands/:id/output.txt', ({ request, params }) =>
      requireUser(request, async (user) => {
        const output = await hub.viewFor(user).history.openOutput(params.id);
        return respond(params.id, 'txt', output, createOutputBody(output, createPlainText()));
      }),
    );
}

function createPlainText() {
  const plain = createPlainOutput();
  return (message: TerminalMessage | null): string => {
    if (!message) return plain.end();
    if (message.type === 'terminal:output') return plain.write(message.data);
    return message.type === 'terminal:gap' ? `${plain.end()}[${formatGap(message)}]\n` : '';
  };
}

function respond(
  commandId: string,
  extension: string,
  { totalBytes }: Output,
  body: ReadableStream,
): Response {
  // IDs of clients can contain any character.
  const name = commandId.replaceAll(/[^\w.-]/g, '_');
  return new Response(body, {
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      // The page does not copy what is too large.
      'signalbox-total-bytes': String(totalBytes),
      'content-disposition': `attachment; filename="${name}.${extension}"`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    },
  });
}
