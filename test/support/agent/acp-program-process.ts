// A small ACP program that calls the scripted model, keeps its conversations on disk, and follows prompts such as
// `@read {…}` as instructions. Environment variables named TEST_… change how it starts.
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
import { asList, asRecord, type ToolCall } from '../models/model-api.ts';

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

interface IdentifiedToolCall extends ToolCall {
  id: string;
}

const home = process.env['HOME'] ?? '.';
const modelUrl = process.env['ANTHROPIC_BASE_URL'] ?? '';
const isSignedOut = process.env['TEST_LOGIN'] === 'missing';
const turns = new Map<string, AbortController>();
if (process.env['TEST_START'] === 'crash') {
  process.stderr.write('The configuration file is missing.\n');
  process.exit(3);
}

const conversationPath = (sessionId: string) => join(home, `${sessionId}.json`);
const saveConversation = (sessionId: string, messages: Message[]) =>
  writeFileSync(conversationPath(sessionId), JSON.stringify(messages));
function loadConversation(sessionId: string): Message[] {
  try {
    return JSON.parse(readFileSync(conversationPath(sessionId), 'utf8'));
  } catch {
    throw RequestError.resourceNotFound(sessionId);
  }
}

const sendUpdate = (client: AgentContext, sessionId: string, update: SessionUpdate) =>
  client.notify('session/update', { sessionId, update });
const createTextChunk = (text: string): SessionUpdate => ({
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
    if (isSignedOut) throw RequestError.authRequired();
    const sessionId = Bun.randomUUIDv7();
    saveConversation(sessionId, []);
    await sendUpdate(client, sessionId, {
      sessionUpdate: 'available_commands_update',
      availableCommands: [
        { name: 'review', description: 'Reviews the changes.' },
        { name: 'not a name', description: 'Cannot be typed as a slash command.' },
      ],
    });
    return { sessionId };
  })
  .onRequest('session/load', async ({ client, params: { sessionId } }) => {
    const texts = loadConversation(sessionId).flatMap(({ role, content }) =>
      typeof content === 'string' && role === 'assistant' ? [content] : [],
    );
    const replay = async () => {
      for (const text of texts) await sendUpdate(client, sessionId, createTextChunk(text));
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
      return text.startsWith('@') ? await followInstruction(turn) : await converse(turn);
    } catch (error) {
      if (controller.signal.aborted) return { stopReason: 'cancelled' };
      throw error;
    }
  })
  .onNotification('session/cancel', ({ params: { sessionId } }) => turns.get(sessionId)?.abort())
  .connect(ndJsonStream(Writable.toWeb(process.stdout), openStdin()));

function openStdin(): ReadableStream<Uint8Array> {
  process.stdin.on('end', () => process.exit(0));
  return new ReadableStream({
    start(controller) {
      process.stdin.on('data', (bytes: Uint8Array) => controller.enqueue(new Uint8Array(bytes)));
      process.stdin.on('end', () => controller.close());
    },
  });
}

/** Follows an instruction, `@name argument`, that exercises one part of ACP. */
async function followInstruction({
  client,
  sessionId,
  signal,
  text,
}: Turn): Promise<PromptResponse> {
  const [, name = '', argument = ''] = /^@(\w+)\s*([^]*)$/.exec(text) ?? [];
  const sendText = (chunk: string) => sendUpdate(client, sessionId, createTextChunk(chunk));
  /** Sends the result of `act`, or its error. */
  const sendResult = async (act: () => Promise<string>) =>
    sendText(await act().catch((error: Error) => `error: ${error.message}`));
  switch (name) {
    case 'update':
      for (const update of asList(JSON.parse(argument))) {
        await client.notify('session/update', { sessionId, update });
      }
      return { stopReason: 'end_turn' };
    case 'stop':
      return { stopReason: argument as PromptResponse['stopReason'] };
    case 'read':
      await sendResult(async () => {
        const { content } = await client.request<ReadTextFileResponse>('fs/read_text_file', {
          sessionId,
          ...JSON.parse(argument),
        });
        return content;
      });
      return { stopReason: 'end_turn' };
    case 'write':
      await sendResult(async () => {
        await client.request('fs/write_text_file', { sessionId, ...JSON.parse(argument) });
        return 'written';
      });
      return { stopReason: 'end_turn' };
    case 'run':
      await sendResult(async () => {
        const terminal = await client.createTerminal({ sessionId, ...JSON.parse(argument) });
        const exit = await terminal.waitForExit();
        const { output, truncated } = await terminal.currentOutput();
        await terminal.release();
        return JSON.stringify({ output, truncated, exitCode: exit.exitCode, signal: exit.signal });
      });
      return { stopReason: signal.aborted ? 'cancelled' : 'end_turn' };
    case 'spawn': {
      // The child process keeps running when the turn is cancelled.
      const child = Bun.spawn(['sleep', '77'], { stdio: ['ignore', 'ignore', 'ignore'] });
      await sendText(`${child.pid}\n`);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      return { stopReason: 'cancelled' };
    }
    case 'leave': {
      // The command is still running when the turn ends.
      const terminal = await client.createTerminal({ sessionId, command: argument });
      while (!(await terminal.currentOutput()).output.includes('\n'));
      return { stopReason: 'end_turn' };
    }
    case 'ignoreSignals':
      for (const each of ['SIGINT', 'SIGTERM']) process.on(each, () => void sendText(`${each} `));
      await sendText('ready ');
      return new Promise(() => undefined);
    default:
      throw RequestError.internalError(undefined, `Unknown instruction: @${name}.`);
  }
}

async function converse(turn: Turn): Promise<PromptResponse> {
  const { client, sessionId, signal } = turn;
  const messages = loadConversation(sessionId);
  messages.push({ role: 'user', content: turn.text });
  for (;;) {
    const { text, toolCall } = await callModel(messages, signal, (chunk) =>
      sendUpdate(client, sessionId, createTextChunk(chunk)),
    );
    const content = toolCall ? [{ type: 'tool_use', ...toolCall }] : text;
    messages.push({ role: 'assistant', content });
    saveConversation(sessionId, messages);
    if (!toolCall) return { stopReason: 'end_turn' };
    const result = await writeFileIfAllowed(turn, toolCall);
    if (result === null) return { stopReason: 'cancelled' };
    const results = [{ type: 'tool_result', tool_use_id: toolCall.id, content: result }];
    messages.push({ role: 'user', content: results });
  }
}

/** Executes the only tool, which writes a file. Returns null if the turn was cancelled during the approval request. */
async function writeFileIfAllowed(
  { client, sessionId }: Turn,
  { id, input }: IdentifiedToolCall,
): Promise<string | null> {
  const path = String(input['path']);
  const newText = String(input['content']);
  const toolCall = {
    toolCallId: id,
    title: `Write ${path}`,
    kind: 'edit' as const,
    content: [{ type: 'diff' as const, path, oldText: null, newText }],
  };
  await sendUpdate(client, sessionId, {
    sessionUpdate: 'tool_call',
    status: 'pending',
    ...toolCall,
  });
  const { outcome } = await client.request<RequestPermissionResponse>(
    'session/request_permission',
    {
      sessionId,
      toolCall,
      options: [
        { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
        { optionId: 'no', name: 'Reject', kind: 'reject_once' },
      ],
    },
  );
  if (outcome.outcome === 'cancelled') return null;
  const isAllowed = outcome.optionId === 'yes';
  if (isAllowed) writeFileSync(path, newText);
  await sendUpdate(client, sessionId, {
    sessionUpdate: 'tool_call_update',
    toolCallId: id,
    status: isAllowed ? 'completed' : 'failed',
  });
  return isAllowed ? 'done' : 'denied';
}

async function callModel(
  messages: Message[],
  signal: AbortSignal,
  onText: (text: string) => Promise<void>,
) {
  const response = await fetch(`${modelUrl}/v1/messages`, {
    method: 'POST',
    signal,
    body: JSON.stringify({ stream: true, messages, tools: [{ name: 'write' }] }),
  });
  if (!response.ok || !response.body) {
    const { error } = asRecord(await response.json());
    throw RequestError.internalError({ details: String(asRecord(error)['message']) });
  }
  let text = '';
  let toolCall: IdentifiedToolCall | null = null;
  let rest = '';
  for await (const bytes of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + bytes).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const data = asRecord(JSON.parse(event.slice(event.indexOf('data: ') + 6)));
      const { text: part, partial_json: json } = asRecord(data['delta']);
      const block = asRecord(data['content_block']);
      if (typeof part === 'string') {
        text += part;
        await onText(part);
      }
      if (block['type'] === 'tool_use') {
        toolCall = { id: String(block['id']), name: String(block['name']), input: {} };
      }
      if (typeof json === 'string' && toolCall) toolCall = { ...toolCall, input: JSON.parse(json) };
    }
  }
  return { text, toolCall };
}
