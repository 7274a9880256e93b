// A small AI program that speaks ACP: it asks the stub model, keeps its conversations on disk, and does what a prompt
// that begins with "@" says. What real programs do differently is theirs; what the protocol says is here.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import {
  agent,
  type AgentContext,
  ndJsonStream,
  type PromptResponse,
  type ReadTextFileResponse,
  type RequestPermissionResponse,
  RequestError,
  type SessionUpdate,
} from '@agentclientprotocol/sdk';
import { list, record } from '../models/answer.ts';

interface Message {
  role: 'user' | 'assistant';
  content: unknown;
}

interface Turn {
  client: AgentContext;
  sessionId: string;
  signal: AbortSignal;
  text: string;
}

const home = process.env['HOME'] ?? '.';
const model = process.env['ANTHROPIC_BASE_URL'] ?? '';
const needsLogin = process.env['TEST_LOGIN'] === 'missing';
const turns = new Map<string, AbortController>();
if (process.env['TEST_START'] === 'crash') {
  process.stderr.write('It cannot find its glasses.\n');
  process.exit(3);
}

const fileOf = (sessionId: string) => join(home, `${sessionId}.json`);
const remember = (sessionId: string, messages: Message[]) =>
  writeFileSync(fileOf(sessionId), JSON.stringify(messages));
function recall(sessionId: string): Message[] {
  try {
    return JSON.parse(readFileSync(fileOf(sessionId), 'utf8'));
  } catch {
    throw RequestError.resourceNotFound(sessionId);
  }
}

const say = (client: AgentContext, sessionId: string, update: SessionUpdate) =>
  client.notify('session/update', { sessionId, update });
const chunk = (text: string): SessionUpdate => ({
  sessionUpdate: 'agent_message_chunk',
  content: { type: 'text', text },
});

agent({ name: 'scripted' })
  .onRequest('initialize', () => ({
    protocolVersion: 1,
    agentInfo: { name: 'scripted', version: '1.0.0' },
    agentCapabilities: { loadSession: process.env['TEST_LOAD'] !== 'no' },
    authMethods: [{ id: 'key', name: 'Key' }],
  }))
  .onRequest('session/new', async ({ client }) => {
    if (needsLogin) throw RequestError.authRequired();
    const sessionId = Bun.randomUUIDv7();
    remember(sessionId, []);
    await say(client, sessionId, {
      sessionUpdate: 'available_commands_update',
      availableCommands: [
        { name: 'review', description: 'Reviews.' },
        { name: 'not a name', description: 'Cannot be typed.' },
      ],
    });
    return { sessionId };
  })
  .onRequest('session/load', async ({ client, params: { sessionId } }) => {
    const past = recall(sessionId).flatMap(({ role, content }) =>
      typeof content === 'string' && role === 'assistant' ? [content] : [],
    );
    const replay = async () => {
      for (const text of past) await say(client, sessionId, chunk(text));
    };
    if (process.env['TEST_LOAD'] === 'late') setTimeout(() => void replay(), 5);
    else await replay();
    return {};
  })
  .onRequest('session/prompt', async ({ client, params }) => {
    const { sessionId } = params;
    const text = params.prompt.map((block) => ('text' in block ? block.text : '')).join('');
    const controller = new AbortController();
    turns.set(sessionId, controller);
    const turn = { client, sessionId, signal: controller.signal, text };
    try {
      return text.startsWith('@') ? await obey(turn) : await converse(turn);
    } catch (error) {
      if (controller.signal.aborted) return { stopReason: 'cancelled' };
      throw error;
    }
  })
  .onNotification('session/cancel', ({ params: { sessionId } }) => turns.get(sessionId)?.abort())
  .connect(ndJsonStream(Writable.toWeb(process.stdout), webStdin()));

function webStdin(): ReadableStream<Uint8Array> {
  process.stdin.on('end', () => process.exit(0));
  return new ReadableStream({
    start(controller) {
      process.stdin.on('data', (bytes: Uint8Array) => controller.enqueue(new Uint8Array(bytes)));
      process.stdin.on('end', () => controller.close());
    },
  });
}

/** `@word argument`: what a test wants of the protocol itself. */
async function obey({ client, sessionId, signal, text }: Turn): Promise<PromptResponse> {
  const [, word = '', argument = ''] = /^@(\w+)\s*([^]*)$/.exec(text) ?? [];
  const tell = (words: string) => say(client, sessionId, chunk(words));
  switch (word) {
    case 'update':
      for (const update of list(JSON.parse(argument))) {
        await client.notify('session/update', { sessionId, update });
      }
      return { stopReason: 'end_turn' };
    case 'stop':
      return { stopReason: argument as PromptResponse['stopReason'] };
    case 'read':
      await attempt(tell, async () => {
        const { content } = await client.request<ReadTextFileResponse>('fs/read_text_file', {
          sessionId,
          ...JSON.parse(argument),
        });
        return content;
      });
      return { stopReason: 'end_turn' };
    case 'write':
      await attempt(tell, async () => {
        await client.request('fs/write_text_file', { sessionId, ...JSON.parse(argument) });
        return 'written';
      });
      return { stopReason: 'end_turn' };
    case 'run':
      await attempt(tell, async () => {
        const terminal = await client.createTerminal({ sessionId, ...JSON.parse(argument) });
        const { exitCode, signal: by } = await terminal.waitForExit();
        const { output, truncated } = await terminal.currentOutput();
        await terminal.release();
        return JSON.stringify({ output, truncated, exitCode, signal: by });
      });
      return { stopReason: signal.aborted ? 'cancelled' : 'end_turn' };
    case 'spawn': {
      // A grandchild that nobody waits for.
      const child = Bun.spawn(['sleep', '77'], { stdio: ['ignore', 'ignore', 'ignore'] });
      await tell(`${child.pid}\n`);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      return { stopReason: 'cancelled' };
    }
    case 'deaf':
      for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => void tell(`${name} `));
      await tell('ready ');
      return new Promise(() => undefined);
    default:
      throw RequestError.internalError(undefined, `There is no @${word}.`);
  }
}

async function attempt(tell: (words: string) => unknown, act: () => Promise<string>) {
  await tell(await act().catch((error: Error) => `refused: ${error.message}`));
}

async function converse(turn: Turn): Promise<PromptResponse> {
  const { client, sessionId, signal } = turn;
  const messages = recall(sessionId);
  messages.push({ role: 'user', content: turn.text });
  for (;;) {
    const { words, tool } = await askModel(messages, signal, (text) =>
      say(client, sessionId, chunk(text)),
    );
    const use = tool && { type: 'tool_use', ...tool };
    messages.push({ role: 'assistant', content: use ? [use] : words });
    remember(sessionId, messages);
    if (!tool) return { stopReason: 'end_turn' };
    const result = await useTool(turn, tool);
    if (result === null) return { stopReason: 'cancelled' };
    const content = [{ type: 'tool_result', tool_use_id: tool.id, content: result }];
    messages.push({ role: 'user', content });
  }
}

interface Tool {
  id: string;
  name: string;
  input: Record<string, unknown>;
}

/** The only tool: it writes a file, if it may. */
async function useTool({ client, sessionId }: Turn, tool: Tool): Promise<string | null> {
  const path = String(tool.input['path']);
  const newText = String(tool.input['content']);
  const call = {
    toolCallId: tool.id,
    title: `Write ${path}`,
    kind: 'edit' as const,
    content: [{ type: 'diff' as const, path, oldText: null, newText }],
  };
  await say(client, sessionId, { sessionUpdate: 'tool_call', status: 'pending', ...call });
  const { outcome } = await client.request<RequestPermissionResponse>(
    'session/request_permission',
    {
      sessionId,
      toolCall: call,
      options: [
        { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
        { optionId: 'no', name: 'Reject', kind: 'reject_once' },
      ],
    },
  );
  if (outcome.outcome === 'cancelled') return null;
  const isAllowed = outcome.optionId === 'yes';
  if (isAllowed) writeFileSync(path, newText);
  await say(client, sessionId, {
    sessionUpdate: 'tool_call_update',
    toolCallId: tool.id,
    status: isAllowed ? 'completed' : 'failed',
  });
  return isAllowed ? 'done' : 'denied';
}

async function askModel(
  messages: Message[],
  signal: AbortSignal,
  heard: (text: string) => Promise<void>,
) {
  const answer = await fetch(`${model}/v1/messages`, {
    method: 'POST',
    signal,
    body: JSON.stringify({ stream: true, messages, tools: [{ name: 'write' }] }),
  });
  if (!answer.ok || !answer.body) {
    const { error } = record(await answer.json());
    throw RequestError.internalError({ details: String(record(error)['message']) });
  }
  let words = '';
  let tool: Tool | null = null;
  let rest = '';
  for await (const bytes of answer.body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + bytes).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const data = record(JSON.parse(event.slice(event.indexOf('data: ') + 6)));
      const { text, partial_json } = record(data['delta']);
      const block = record(data['content_block']);
      if (typeof text === 'string') {
        words += text;
        await heard(text);
      }
      if (block['type'] === 'tool_use') {
        tool = { id: String(block['id']), name: String(block['name']), input: {} };
      }
      if (typeof partial_json === 'string' && tool) tool.input = JSON.parse(partial_json);
    }
  }
  return { words, tool };
}
