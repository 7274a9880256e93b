// The client side of ACP: routes a program's notifications and requests to the running turn and to the agent's files.
import { client, type ClientApp, type SessionUpdate } from '@agentclientprotocol/sdk';
import type { Turn } from './turn.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

export interface ClientAppOptions {
  files: WorkspaceFiles;
  currentTurn(): Turn | null;
  onUpdate(update: SessionUpdate): void;
}

export function createClientApp({ files, currentTurn, onUpdate }: ClientAppOptions): ClientApp {
  function terminals() {
    const turn = currentTurn();
    if (!turn) throw new Error('No prompt is running.');
    return turn.terminals;
  }

  return client({ name: 'signalbox' })
    .onNotification('session/update', ({ params }) => onUpdate(params.update))
    .onRequest(
      'session/request_permission',
      async ({ params, requestId }) =>
        currentTurn()?.requestPermission(params, requestId) ?? {
          outcome: { outcome: 'cancelled' },
        },
    )
    .onRequest('fs/read_text_file', async ({ params }) => ({
      content: await files.read(params.path, params),
    }))
    .onRequest('fs/write_text_file', ({ params }) => files.write(params.path, params.content))
    .onRequest('terminal/create', ({ params }) => ({ terminalId: terminals().create(params) }))
    .onRequest('terminal/output', ({ params }) => terminals().output(params.terminalId))
    .onRequest('terminal/wait_for_exit', ({ params }) => terminals().exited(params.terminalId))
    .onRequest('terminal/kill', ({ params }) => terminals().kill(params.terminalId))
    .onRequest('terminal/release', ({ params }) => terminals().release(params.terminalId));
}
