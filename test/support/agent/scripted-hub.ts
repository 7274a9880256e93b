// The hub's side of the agent socket, said line by line by a test. It knows no rules: what an agent does with a given
// message is the agent's own.
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
import { command } from '../samples.ts';

type OfType<T extends AgentToHub['type']> = Extract<AgentToHub, { type: T }>;

/** What a command wrote and how it ended, as the hub saw it. */
export interface Seen {
  outputs: OfType<'terminal:output'>[];
  gaps: OfType<'terminal:gap'>[];
  stdout: string;
  stderr: string;
  finished: OfType<'command:finished'>;
}

export interface AgentSocket {
  readonly hello: AgentConnect;
  readonly received: AgentToHub[];
  send(message: Unversioned<HubToAgent>): void;
  /** Sends a frame as it is. */
  raw(frame: string): void;
  ping(): void;
  /** Resolves with the next answer to a ping. */
  ponged(): Promise<void>;
  welcome(options?: {
    resume?: { commandId: string; nextSequence: number }[];
    stop?: string[];
    heartbeatIntervalMs?: number;
  }): void;
  /** Sends a command to the agent; answers its id. */
  execute(
    command: string,
    options?: { commandId?: string; attempt?: number } & Partial<CommandOptions>,
  ): string;
  /** The first message, past or to come, that fits. */
  find<T extends AgentToHub['type']>(
    type: T,
    fits?: (message: OfType<T>) => boolean,
  ): Promise<OfType<T>>;
  /** Resolves when the command's output so far has this text in it. */
  output(commandId: string, text: string): Promise<void>;
  /** Waits for the end of a command. */
  seen(commandId: string): Promise<Seen>;
  /** What a command has written to this socket so far. */
  outputs(commandId: string): OfType<'terminal:output'>[];
  close(code: number, reason?: string): void;
  /** Cuts the connection without a close frame. */
  cut(): void;
  readonly closed: Promise<number>;
}

export interface ScriptedHub {
  readonly url: string;
  /** The next agent that connects, once it has said who it is. */
  agent(): Promise<AgentSocket>;
  stop(): Promise<void>;
}

interface Data {
  socket: ReturnType<typeof createAgentSocket> | null;
}

/**
 * Starts a hub on a free port.
 * @param acknowledge acknowledge output and results at once, as a hub does whose disk is fast
 */
export function createScriptedHub({ acknowledge = false } = {}): ScriptedHub {
  const arrived: AgentSocket[] = [];
  const awaited: ((socket: AgentSocket) => void)[] = [];

  function arrive(socket: AgentSocket): void {
    const waiting = awaited.shift();
    if (waiting) waiting(socket);
    else arrived.push(socket);
  }

  const server = Bun.serve<Data>({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request, self) {
      const { pathname } = new URL(request.url);
      if (pathname === '/ws/agent' && self.upgrade(request, { data: { socket: null } })) {
        return undefined;
      }
      return new Response('no', { status: 426 });
    },
    websocket: {
      idleTimeout: 0,
      sendPings: false,
      message(ws, frame) {
        const decoded = decode(frame);
        if (!decoded.ok) throw new Error(`the agent sent nonsense: ${decoded.reason}`);
        const { message } = decoded;
        if (ws.data.socket) return ws.data.socket.receive(message);
        if (message.type !== 'agent:connect')
          throw new Error('the first message must be a connect');
        ws.data.socket = createAgentSocket(ws, message, acknowledge);
        arrive(ws.data.socket.socket);
      },
      pong(ws) {
        ws.data.socket?.pong();
      },
      close(ws, code) {
        ws.data.socket?.close(code);
      },
    },
  });

  return {
    url: `http://127.0.0.1:${server.port}`,
    agent() {
      const socket = arrived.shift();
      if (socket) return Promise.resolve(socket);
      return new Promise((resolve) => void awaited.push(resolve));
    },
    stop: () => server.stop(true),
  };
}

const decode = createDecoder(agentToHub);

function createAgentSocket(ws: ServerWebSocket<Data>, hello: AgentConnect, acknowledge: boolean) {
  const received: AgentToHub[] = [];
  const watchers = new Set<() => void>();
  const pongs: (() => void)[] = [];
  const { promise: closed, resolve: close } = Promise.withResolvers<number>();
  const send = (message: Unversioned<HubToAgent>) => void ws.send(encode<HubToAgent>(message));

  function receive(message: AgentToHub): void {
    received.push(message);
    for (const watch of watchers) watch();
    if (!acknowledge) return;
    if (message.type === 'terminal:output') {
      const { commandId, sequence } = message;
      send({ type: 'output:ack', commandId, nextSequence: sequence + 1 });
    }
    if (message.type === 'command:finished') {
      send({ type: 'command:acknowledged', commandId: message.commandId });
    }
  }

  /** Resolves with what `look` finds, now or after some later message. */
  function when<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      function watch(): void {
        const found = look();
        if (found === undefined) return;
        watchers.delete(watch);
        resolve(found);
      }
      watchers.add(watch);
      void closed.then((code) => {
        watchers.delete(watch);
        reject(new Error(`closed with ${code} before the message came`));
      });
      watch();
    });
  }

  function ofType<T extends AgentToHub['type']>(type: T): OfType<T>[] {
    return received.filter((message): message is OfType<T> => message.type === type);
  }

  const outputs = (commandId: string) =>
    ofType('terminal:output').filter((message) => message.commandId === commandId);

  const socket: AgentSocket = {
    hello,
    received,
    send,
    raw: (frame) => void ws.send(frame),
    ping: () => void ws.ping(),
    ponged: () => new Promise((resolve) => void pongs.push(resolve)),
    welcome({ resume = [], stop = [], heartbeatIntervalMs = 10_000 } = {}) {
      send({ type: 'agent:welcome', agentId: hello.agentId, heartbeatIntervalMs, resume, stop });
    },
    execute(text, { commandId = Bun.randomUUIDv7(), attempt = 1, ...options } = {}) {
      const defaults = pickFields(CommandOptions, command());
      send({
        type: 'command:execute',
        commandId,
        attempt,
        command: text,
        ...defaults,
        ...options,
      });
      return commandId;
    },
    find: (type, fits = () => true) => when(() => ofType(type).find(fits)),
    async output(commandId, text) {
      await when(() => {
        const all = outputs(commandId).map((message) => message.data);
        return all.join('').includes(text) ? true : undefined;
      });
    },
    async seen(commandId) {
      const finished = await when(() =>
        ofType('command:finished').find((message) => message.commandId === commandId),
      );
      const all = outputs(commandId);
      const textOf = (stream: string) =>
        all
          .filter((message) => message.stream === stream)
          .map((message) => message.data)
          .join('');
      return {
        outputs: all,
        gaps: ofType('terminal:gap').filter((message) => message.commandId === commandId),
        stdout: textOf('stdout'),
        stderr: textOf('stderr'),
        finished,
      };
    },
    outputs,
    close: (code, reason) => ws.close(code, reason),
    cut: () => ws.terminate(),
    closed,
  };
  function pong(): void {
    for (const resolve of pongs.splice(0)) resolve();
  }

  return { socket, receive, close, pong };
}
