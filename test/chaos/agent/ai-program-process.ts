// The AI program of a round, which speaks ACP. The prompt `ask NAME COUNT PAUSE_MS` makes it ask for COUNT approvals, one
// after the other, and then wait. It records in files what it asks and which answers it receives.
import { appendFileSync } from 'node:fs';
import { approvalOptions } from '../../support/hub/approvals.ts';
import { wait } from '../wait.ts';

interface Incoming {
  id?: number;
  method?: string;
  params?: { prompt?: { text?: string }[] };
  result?: { outcome?: { outcome: string; optionId?: string } };
}

const SESSION_ID = 'chaos';
const waiting = new Map<number, (answer: string) => void>();
let requests = 0;
let cancelled = Promise.withResolvers<void>();

/** Appends a line with one write, as the shell library does. */
const record = (file: string, words: string) =>
  appendFileSync(file, `${words} ${Date.now() / 1000}\n`);
const send = (message: object) =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const sendText = (text: string) =>
  send({
    method: 'session/update',
    params: {
      sessionId: SESSION_ID,
      update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } },
    },
  });

/** Asks for an approval and returns the selected option, or `cancelled`. */
async function ask(title: string): Promise<string> {
  record('asked', title);
  requests += 1;
  const id = requests;
  const answer = new Promise<string>((resolve) => void waiting.set(id, resolve));
  send({
    id,
    method: 'session/request_permission',
    params: {
      sessionId: SESSION_ID,
      toolCall: { toolCallId: title, title, kind: 'edit' },
      options: approvalOptions,
    },
  });
  const option = await answer;
  record('answered', `${title} ${option}`);
  return option;
}

async function prompt(text: string): Promise<'end_turn' | 'cancelled'> {
  const [, name = '', count = '', pauseMs = ''] = text.split(' ');
  cancelled = Promise.withResolvers();
  let isCancelled = false;
  void cancelled.promise.then(() => {
    isCancelled = true;
  });
  record('starts', name);
  sendText(`${name} begins é✓🚦\n`);
  for (let index = 0; index < Number(count); index += 1) {
    const option = await ask(`${name} ${index}`);
    if (option === 'cancelled') return 'cancelled';
    sendText(`${name} ${index} ${option}\n`);
  }
  await Promise.race([wait(Number(pauseMs)), cancelled.promise]);
  if (isCancelled) return 'cancelled';
  sendText(`${name} ends\n`);
  record('ends', name);
  return 'end_turn';
}

async function handle({ id, method, params, result }: Incoming): Promise<object | null> {
  switch (method) {
    case 'initialize':
      return { protocolVersion: 1, agentCapabilities: { loadSession: true }, authMethods: [] };
    case 'session/new':
      return { sessionId: SESSION_ID };
    case 'session/prompt':
      return { stopReason: await prompt(params?.prompt?.[0]?.text ?? '') };
    case 'session/cancel':
      cancelled.resolve();
      return null;
    case undefined:
      waiting.get(id ?? 0)?.(result?.outcome?.optionId ?? 'cancelled');
      return null;
    default:
      return {};
  }
}

for await (const line of console) {
  const message = JSON.parse(line) as Incoming;
  void handle(message).then((result) => {
    if (result && message.id !== undefined) send({ id: message.id, result });
  });
}
