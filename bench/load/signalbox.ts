// Connects dashboards and scripted agents to a hub.
import type { AgentToHub } from '../../src/protocol/agent-to-hub.ts';
import { encode } from '../../src/protocol/codec.ts';
import type { DashboardToHub } from '../../src/protocol/dashboard-to-hub.ts';
import type { HubToAgent } from '../../src/protocol/hub-to-agent.ts';
import type { Unversioned } from '../../src/protocol/message.ts';
import { createCondition } from '../../test/support/condition.ts';
import { type Connection, openConnection } from './connection.ts';
import type { Reader, Source, Target, TargetOptions } from './target.ts';

type HubOptions = Extract<TargetOptions, { protocol: 'signalbox' }>;

/** Sockets that connect at the same time. */
const PARALLEL = 20;

export async function connectSignalbox(options: HubOptions): Promise<Target> {
  let opened = 0;
  const openReader = () => {
    const { url, token, readerTokens, readerUrls = [] } = options;
    const readerToken = readerTokens[opened % readerTokens.length] ?? token;
    const readerUrl = readerUrls[opened % readerUrls.length] ?? url;
    opened += 1;
    return openDashboard(readerUrl, readerToken);
  };
  const readers: Reader[] = [];
  while (readers.length < options.readers) {
    const count = Math.min(PARALLEL, options.readers - readers.length);
    readers.push(...(await Promise.all(Array.from({ length: count }, openReader))));
  }
  const sources: Source[] = [];
  for (const agent of options.agents) sources.push(await openAgent(options, agent));
  return { ...options, readers, sources, openReader, reportsEnd: true };
}

async function openDashboard(url: string, token: string): Promise<Reader> {
  const welcomed = Promise.withResolvers<void>();
  const onWelcome = (bytes: Buffer, start: number, end: number) => {
    if (bytes.toString('latin1', start, end).includes('"dashboard:welcome"')) welcomed.resolve();
  };
  const connection = await openConnection(
    `${url}/ws/dashboard`,
    { Authorization: `Bearer ${token}` },
    (bytes, start, end, from) => reader.onText(bytes, start, end, from),
  );
  const reader: Reader = { connection, onText: onWelcome };
  connection.send(
    encode<DashboardToHub>({
      type: 'dashboard:connect',
      token,
      clientInfo: { userAgent: 'bench', timezone: 'UTC' },
    }),
  );
  await welcomed.promise;
  reader.onText = () => {};
  return reader;
}

async function openAgent(
  { url, token }: HubOptions,
  agent: HubOptions['agents'][number],
): Promise<Source> {
  const received = createCondition();
  let isConnected = false;
  let commandId = '';
  const acknowledged = new Set<string>();

  function onMessage(message: HubToAgent): void {
    if (message.type === 'agent:welcome') isConnected = true;
    if (message.type === 'command:execute') ({ commandId } = message);
    if (message.type === 'command:acknowledged') acknowledged.add(message.commandId);
    if (message.type === 'error') throw new Error(`The hub sent an error: ${message.message}`);
    received.notify();
  }

  const connection: Connection = await openConnection(
    `${url}/ws/agent`,
    { Authorization: `Bearer ${agent.token}` },
    (bytes, start, end) => onMessage(JSON.parse(bytes.toString('utf8', start, end)) as HubToAgent),
  );
  const send = (message: Unversioned<AgentToHub>) => connection.send(encode<AgentToHub>(message));
  send({
    type: 'agent:connect',
    agentId: agent.agentId,
    agentType: 'claude',
    token: agent.token,
    capabilities: ['shell'],
    instanceId: crypto.randomUUID(),
  });
  await received.waitUntil(() => isConnected);

  return {
    async begin() {
      commandId = '';
      const requestedAt = performance.now();
      await requestCommand(url, token, agent.agentId);
      const acceptMs = performance.now() - requestedAt;
      await received.waitUntil(() => commandId);
      send({ type: 'command:started', commandId });
      return acceptMs;
    },
    send: (sequence, data) =>
      send({ type: 'terminal:output', commandId, data, stream: 'stdout', sequence }),
    async end(lastSequence) {
      const finished = commandId;
      const outcome = { outcome: 'completed', exitCode: 0, lastSequence } as const;
      send({ type: 'command:finished', commandId: finished, ...outcome });
      await received.waitUntil(() => acknowledged.delete(finished));
    },
  };
}

/** Requests a command. Waits when there have been too many requests, as with a thousand agents. */
async function requestCommand(url: string, token: string, agentId: string): Promise<void> {
  const body = JSON.stringify({ agentId, command: '!bench', priority: 'normal' });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  for (;;) {
    const response = await fetch(`${url}/api/v1/commands`, { method: 'POST', headers, body });
    if (response.ok) return;
    const retryAfterS = response.headers.get('retry-after');
    if (retryAfterS === null) {
      throw new Error(`The command was rejected: ${await response.text()}`);
    }
    await Bun.sleep(Number(retryAfterS) * 1000);
  }
}
