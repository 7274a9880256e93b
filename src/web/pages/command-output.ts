// The output of a command as a file: with its control sequences, or as plain text. Missing output is a line in the text.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { TerminalMessage } from '../../hub/terminals/terminal-messages.ts';
import { createPlainOutput } from '../../protocol/plain-output.ts';
import { formatSize } from '../../protocol/size.ts';
import type { RequireUser } from './guard.tsx';

export function createCommandOutput(hub: Hub, requireUser: RequireUser) {
  return new Elysia({ name: 'pages/command-output' })
    .get('/commands/:id/output.log', ({ request, params }) =>
      requireUser(request, async (user) => {
        const messages = await hub.viewFor(user).history.readOutput(params.id);
        const text = messages.map((m) => (m.type === 'terminal:output' ? m.data : ''));
        return respond(params.id, 'log', text.join(''));
      }),
    )
    .get('/commands/:id/output.txt', ({ request, params }) =>
      requireUser(request, async (user) => {
        const messages = await hub.viewFor(user).history.readOutput(params.id);
        return respond(params.id, 'txt', toPlainText(messages));
      }),
    );
}

function toPlainText(messages: readonly TerminalMessage[]): string {
  const plain = createPlainOutput();
  const parts = messages.map((message) => {
    if (message.type === 'terminal:output') return plain.write(message.data);
    return message.type === 'terminal:gap' ? plain.end() + formatGap(message.bytes) : '';
  });
  return [...parts, plain.end()].join('');
}

function formatGap(bytes: number): string {
  return `[${bytes > 0 ? `${formatSize(bytes)} of output` : 'Output'} is missing here]\n`;
}

function respond(commandId: string, extension: string, text: string): Response {
  // IDs of clients can contain any character.
  const name = commandId.replaceAll(/[^\w.-]/g, '_');
  return new Response(text, {
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `attachment; filename="${name}.${extension}"`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    },
  });
}
