// The hub's end of an agent's socket, driven by a test: it applies no rules of its own.
import type { ServerWebSocket } from 'bun';
import {
  type AgentConnect,
  type AgentToHub,
  agentToHub,
} from '../../../src/protocol/agent-to-hub.ts';
import { createDecoder, encode } from '../../../src/protocol/codec.ts';
import { CommandOptions } from '../../../src/protocol/entities.ts';
import type { HubToAgent } from '../../../src/protocol/hub-to-agent.ts';
import type { Unversioned } from '../../../src/protocol/message.ts';
import { pickFields } from '../../../src/protocol/pick-fields.ts';
import { createMessageRecorder } from '../message-recorder.ts';
import { command as sampleCommand } from '../samples.ts';

type OfType<T extends AgentToHub['type']> = Extract<AgentToHub, { type: T }>;

/** What the hub received for a command, from its first output to its result. */
export interface CommandRecord {
  outputs: OfType<'terminal:output'>[];
  gaps: OfType<'terminal:gap'>[];
  stdout: string;
  stderr: string;
  finished: OfType<'command:finished'>;
}

export interface AgentSocket {
  readonly connectMessage: AgentConnect;
  readonly received: AgentToHub[];
  send(message: Unversioned<HubToAgent>): void;
  sendFrame(frame: string): void;
  ping(): void;
  /** Resolves with the next pong. */
  waitForPong(): Promise<void>;
  sendWelcome(options?: {
    resume?: { commandId: string; nextSequence: number; nextTurnSequence?: number }[];
    stop?: string[];
    accept?: string[];
    heartbeatIntervalMs?: number;
  }): void;
  /** Sends a command to the agent and returns its ID. */
  execute(
    command: string,
    options?: { commandId?: string; attempt?: number } & Partial<CommandOptions>,
  ): string;
  /** Resolves with the first matching message, past or future. */
  waitFor<T extends AgentToHub['type']>(
    type: T,
    matches?: (message: OfType<T>) => boolean,
  ): Promise<OfType<T>>;
  /** Resolves once the output of a command contains a text. */
  waitForOutput(commandId: string, text: string): Promise<void>;
  /** Resolves once a command has finished. */
  waitForFinished(commandId: string): Promise<CommandRecord>;
  /** Returns the output of a command received on this socket so far. */
  outputsOf(commandId: string): OfType<'terminal:output'>[];
  close(code: number, reason?: string): void;
  /** Drops the connection without a close frame. */
  terminate(): void;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
}

export interface ScriptedHub {
  readonly url: string;
  /** Resolves with the next agent that connects, once its `agent:connect` has arrived. */
  waitForAgent(): Promise<AgentSocket>;
  stop(): Promise<void>;
}

interface SocketData {
  agent: ReturnType<typeof createAgentSocket> | null;
}

const decode = createDecoder(agentToHub);

/**
 * Starts a hub on a free port.
 * @param acknowledge acknowledge output and results at once, like a hub with a fast disk
 */
export function createScriptedHub({ acknowledge = false } = {}): ScriptedHub {
  const connected: AgentSocket[] = [];
  const waiters: ((socket: AgentSocket) => void)[] = [];

  function onConnect(socket: AgentSocket): void {
    const waiter = waiters.shift();
    if (waiter) waiter(socket);
    else connected.push(socket);
  }

  const server = Bun.serve<SocketData>({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request, self) {
      const { pathname } = new URL(request.url);
      if (pathname === '/ws/agent' && self.upgrade(request, { data: { agent: null } })) {
        return undefined;
      }
      return new Response('Upgrade required', { status: 426 });
    },
    websocket: {
      idleTimeout: 0,
      sendPings: false,
      message(ws, frame) {
        const decoded = decode(frame);
        if (!decoded.ok) throw new Error(`The agent sent an invalid message: ${decoded.reason}`);
        const { message } = decoded;
        if (ws.data.agent) return ws.data.agent.onMessage(message);
        if (message.type !== 'agent:connect') {
          throw new Error(`The first message must be agent:connect, not ${message.type}.`);
        }
        ws.data.agent = createAgentSocket(ws, message, acknowledge);
        onConnect(ws.data.agent.socket);
      },
      pong(ws) {
        ws.data.agent?.onPong();
      },
      close(ws, code, reason) {
        ws.data.agent?.onClose(code, reason);
      },
    },
  });

  return {
    url: `http://127.0.0.1:${server.port}`,
    waitForAgent() {
      const socket = connected.shift();
      if (socket) return Promise.resolve(socket);
      return new Promise((resolve) => void waiters.push(resolve));
    },
    stop: () => server.stop(true),
  };
}

function createAgentSocket(
  ws: ServerWebSocket<SocketData>,
  connectMessage: AgentConnect,
  acknowledge: boolean,
) {
  const { received, record, close, closed, ofType, waitFor, waitUntil } =
    createMessageRecorder<AgentToHub>('the hub');
  const pongWaiters: (() => void)[] = [];
  const send = (message: Unversioned<HubToAgent>) => void ws.send(encode<HubToAgent>(message));

  function onMessage(message: AgentToHub): void {
    record(message);
    if (!acknowledge) return;
    if (message.type === 'terminal:output') {
      const { commandId, sequence } = message;
      send({ type: 'output:ack', commandId, nextSequence: sequence + 1 });
    }
    if (message.type === 'command:finished') {
      send({ type: 'command:acknowledged', commandId: message.commandId });
    }
  }

  const outputsOf = (commandId: string) =>
    ofType('terminal:output').filter((message) => message.commandId === commandId);
  const joinText = (outputs: OfType<'terminal:output'>[]) =>
    outputs.map((message) => message.data).join('');

  const socket: AgentSocket = {
    connectMessage,
    received,
    send,
    sendFrame: (frame) => void ws.send(frame),
    ping: () => void ws.ping(),
    waitForPong: () => new Promise((resolve) => void pongWaiters.push(resolve)),
    sendWelcome({ resume = [], stop = [], accept, heartbeatIntervalMs = 10_000 } = {}) {
      const { agentId } = connectMessage;
      send({
        type: 'agent:welcome',
        agentId,
        heartbeatIntervalMs,
        resume,
        stop,
        ...(accept && { accept }),
      });
    },
    execute(command, { commandId = Bun.randomUUIDv7(), attempt = 1, ...options } = {}) {
      send({
        type: 'command:execute',
        commandId,
        attempt,
        command,
        ...pickFields(CommandOptions, sampleCommand()),
        ...options,
      });
      return commandId;
    },
    waitFor,
    async waitForOutput(commandId, text) {
      await waitUntil(
        () => joinText(outputsOf(commandId)).includes(text),
        `output ${JSON.stringify(text)}`,
      );
    },
    async waitForFinished(commandId) {
      const isSameCommand = (message: { commandId: string }) => message.commandId === commandId;
      const finished = await waitFor('command:finished', isSameCommand);
      const outputs = outputsOf(commandId);
      return {
        outputs,
        gaps: ofType('terminal:gap').filter(isSameCommand),
        stdout: joinText(outputs.filter(({ stream }) => stream === 'stdout')),
        stderr: joinText(outputs.filter(({ stream }) => stream === 'stderr')),
        finished,
      };
    },
    outputsOf,
    close: (code, reason) => ws.close(code, reason),
    terminate: () => ws.terminate(),
    closed: closed.then(({ code }) => code),
  };

  function onPong(): void {
    for (const resolve of pongWaiters.splice(0)) resolve();
  }

  return { socket, onMessage, onClose: close, onPong };
}
