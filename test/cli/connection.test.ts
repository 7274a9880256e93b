// The connection of `run` and `logs -f` to the hub: which closes are retried, and which end the command.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { ServerWebSocket } from 'bun';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';
import { runBinary } from '../support/cli.ts';

type Message = Record<string, unknown>;
type Answer = (ws: ServerWebSocket, message: Message, connection: number) => void;

const COMMAND_ID = '0199c0de-0000-7000-8000-000000000001';

/** Starts a server that answers messages like a hub. */
function startFakeHub(answer: Answer) {
  let connections = 0;
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request, self) =>
      self.upgrade(request) ? undefined : new Response(null, { status: 404 }),
    websocket: {
      open: () => void (connections += 1),
      message: (ws: ServerWebSocket, text) => answer(ws, JSON.parse(String(text)), connections),
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    connections: () => connections,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

const WELCOME = {
  type: 'dashboard:welcome',
  connectionId: 'c1',
  hubEpoch: 'e1',
  userId: 'admin',
  role: 'admin',
  resumed: false,
  heartbeatIntervalMs: 10_000,
  limits: {
    messageBytes: 1_048_576,
    chunkBytes: 10_240,
    bufferBytes: 1_048_576,
    commandBytes: 65_536,
    queueLength: 100,
    commandTimeoutMs: 300_000,
    maxCommandTimeoutMs: 86_400_000,
  },
};
const command = { commandId: COMMAND_ID, agentId: 'a1' };

const sendTo = (ws: ServerWebSocket, message: Message) =>
  ws.sendText(JSON.stringify({ version: '1.0.0', ...message }));

/** Answers like a hub whose agent completes the command. */
const completeCommand: Answer = (ws, { type, requestId }) => {
  const send = (message: Message) => sendTo(ws, message);
  if (type === 'dashboard:connect') send(WELCOME);
  if (type === 'command:request')
    send({ type: 'command:accepted', ...command, requestId, position: 0 });
  if (type === 'terminal:attach') {
    send({ type: 'terminal:output', ...command, data: 'output\n', stream: 'stdout', sequence: 0 });
    send({ type: 'command:status', ...command, status: 'completed', exitCode: 0 });
    send({ type: 'terminal:complete', ...command, lastSequence: 0, totalBytes: 7 });
  }
};

const run = (hub: string, ...words: string[]) =>
  runBinary(['run', '--hub', hub, '--agent', 'a1', ...words], { SIGNALBOX_TOKEN: 'token' });

describe('a close with', () => {
  test.each(['first_message_timeout', 'slow_consumer', 'limit'])(
    '1013 %s is retried',
    async (reason) => {
      await using hub = startFakeHub((ws, message, connection) => {
        if (connection === 1) ws.close(1013, reason);
        else completeCommand(ws, message, connection);
      });
      const { stdout, exitCode } = await run(hub.url, '!echo output');
      expect([stdout, exitCode, hub.connections()]).toEqual(['output\n', 0, 2]);
    },
  );

  test('1013 limit is reported while it is retried', async () => {
    await using hub = startFakeHub((ws, message, connection) => {
      if (connection <= 2) ws.close(1013, 'limit');
      else completeCommand(ws, message, connection);
    });
    const { stderr } = await run(hub.url, '!echo output');
    expect(stderr).toBe(
      `[The hub has reached its maximum number of dashboards. Retrying…]\nCommand ID: ${COMMAND_ID}\n`,
    );
  });

  test.each([
    [
      'rate_limited',
      'The hub closed the connection because it received too many messages. Try again later.',
    ],
    [
      'invalid_message',
      'The hub rejected a message as invalid. Install the same version of signalbox as the hub.',
    ],
    [
      'unsupported_version',
      'The hub does not support this version of signalbox. Install the same version as the hub.',
    ],
    ['unauthenticated', /^The token in SIGNALBOX_TOKEN is not valid\./],
    ['expired', /^The token in SIGNALBOX_TOKEN is not valid\./],
  ])('1008 %s is final', async (reason, message) => {
    await using hub = startFakeHub((ws) => {
      const error = {
        type: 'error',
        version: '1.0.0',
        code: 'invalid_message',
        message: 'For developers.',
      };
      ws.sendText(JSON.stringify(error));
      ws.close(1008, reason);
    });
    const { stderr, exitCode } = await run(hub.url, '!echo output');
    const [, text] = /^Error: (.*)\n$/.exec(stderr) ?? [];
    if (typeof message === 'string') expect(text).toBe(message);
    else expect(text).toMatch(message);
    expect([exitCode, hub.connections()]).toEqual([125, 1]);
  });

  test('1009 is final, because the same command would be rejected again', async () => {
    await using hub = startFakeHub((ws, message, connection) => {
      if (message['type'] === 'command:request') ws.close(1009);
      else completeCommand(ws, message, connection);
    });
    const { stderr, exitCode } = await run(hub.url, '!echo output');
    expect(stderr).toBe(
      'Error: The command is too large. The limit is 64 KiB. Put it in a file, and refer to the file.\n',
    );
    expect([exitCode, hub.connections()]).toEqual([125, 1]);
  });
});

test('run fails if the hub cannot be reached', async () => {
  const { stderr, exitCode } = await run('http://127.0.0.1:1', '!true');
  expect(stderr).toBe(
    'Error: Cannot connect to http://127.0.0.1:1. To find the cause, run: signalbox doctor --hub http://127.0.0.1:1\n',
  );
  expect(exitCode).toBe(125);
});

test('a hub that does not respond is an error after 10 s', async () => {
  using silent = Bun.listen({ port: 0, hostname: '127.0.0.1', socket: { data: () => undefined } });
  using stuck = Bun.serve({
    port: 0,
    idleTimeout: 0,
    hostname: '127.0.0.1',
    fetch: () => new Response(new ReadableStream({ start: (body) => body.enqueue('{"items": [') })),
  });
  const silentUrl = `http://127.0.0.1:${silent.port}`;
  const stuckUrl = `http://127.0.0.1:${stuck.port}`;
  const env = { SIGNALBOX_TOKEN: 'token' };
  const [ps, partial, watched] = await Promise.all([
    runBinary(['ps', '--hub', silentUrl], env),
    runBinary(['ps', '--hub', stuckUrl], env),
    run(silentUrl, '!true'),
  ]);
  const message = (url: string) => `Error: Cannot connect to ${url}: no response within 10 s.\n`;
  expect([ps.stderr, ps.exitCode]).toEqual([message(silentUrl), 1]);
  expect([partial.stderr, partial.exitCode]).toEqual([message(stuckUrl), 1]);
  expect([watched.stderr, watched.exitCode]).toEqual([message(silentUrl), 125]);
}, 40_000);

describe('a command', () => {
  let fixture: CliFixture;
  beforeAll(async () => {
    fixture = await startCliFixture(['a1', 'a2']);
  });
  afterAll(() => fixture.stop());

  test.each([
    ['of more than 64 KiB', 1],
    ['of more than 1 MiB', 12],
  ])('%s is refused with the limit', async (_, count) => {
    const words = Array.from({ length: count }, () => 'x'.repeat(100_000));
    for (const agents of ['a1', 'a1,a2']) {
      const { stderr, exitCode } = await fixture.cli.run(
        'run',
        '--agent',
        agents,
        '!echo',
        ...words,
      );
      expect(stderr).toBe(
        'Error: The command is longer than 64 KiB. Put it in a file, and refer to the file.\n',
      );
      expect(exitCode).toBe(125);
    }
  });
});

describe('one of several hubs', () => {
  const complete = (ws: ServerWebSocket, lastSequence: number) => {
    sendTo(ws, { type: 'command:status', ...command, status: 'completed', exitCode: 0 });
    sendTo(ws, { type: 'terminal:complete', ...command, lastSequence, totalBytes: 9 });
  };
  const output = (sequence: number, data: string) => ({
    type: 'terminal:output',
    ...command,
    data,
    stream: 'stdout',
    sequence,
  });
  const gap = { type: 'terminal:gap', ...command, fromSequence: 1, toSequence: 2, bytes: 3 };

  /** Answers like a hub of several: the first one names an epoch. */
  const welcome: Answer = (ws, { type, requestId }, connection) => {
    const hub = { hubEpoch: `e${connection}`, keepsTerminals: true };
    if (type === 'dashboard:connect') sendTo(ws, { ...WELCOME, ...hub });
    if (type === 'command:request')
      sendTo(ws, { type: 'command:accepted', ...command, requestId, position: 0 });
  };

  test('continues after what another one has sent', async () => {
    const attached: Message[] = [];
    await using hub = startFakeHub((ws, message, connection) => {
      welcome(ws, message, connection);
      if (message['type'] !== 'terminal:attach') return;
      attached.push(message);
      if (message['epoch'] === undefined) {
        sendTo(ws, { type: 'terminal:epoch', ...command, epoch: 3 });
        sendTo(ws, output(0, 'one '));
        ws.close(1001, 'moved');
      } else {
        sendTo(ws, output(1, 'two\n'));
        complete(ws, 1);
      }
    });
    const { stdout, stderr, exitCode } = await run(hub.url, '!echo output');
    expect([stdout, exitCode, hub.connections()]).toEqual(['one two\n', 0, 2]);
    expect(stderr).not.toContain('restarted');
    expect(attached.at(-1)).toMatchObject({ afterSequence: 0, epoch: 3 });
  });

  test('sends output again that was void, which is written once', async () => {
    await using hub = startFakeHub((ws, message, connection) => {
      welcome(ws, message, connection);
      if (message['type'] !== 'terminal:attach') return;
      sendTo(ws, { type: 'terminal:epoch', ...command, epoch: 3 });
      for (const one of [output(0, 'on'), { ...gap, reason: 'agent_overflow' }, output(2, 'lo')]) {
        sendTo(ws, one);
      }
      sendTo(ws, { type: 'terminal:reset', ...command });
      sendTo(ws, { type: 'terminal:epoch', ...command, epoch: 4 });
      for (const one of [output(0, 'on'), { ...gap, reason: 'agent_overflow' }, output(2, 'l')]) {
        sendTo(ws, one);
      }
      sendTo(ws, output(3, 'ost\n'));
      complete(ws, 3);
    });
    const { stdout, stderr, exitCode } = await run(hub.url, '!echo output');
    expect([stdout, exitCode]).toEqual(['onlost\n', 0]);
    expect(stderr.match(/3 bytes/g)).toHaveLength(1);
  });
});
