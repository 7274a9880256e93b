// The bus on NATS: that it is a bus, its addresses, and long messages.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { Bus } from '../../src/bus/bus.ts';
import { parseNatsAddress } from '../../src/bus/nats-address.ts';
import { createNatsBus } from '../../src/bus/nats-bus.ts';
import { createJoiner, formatPart, parsePart, splitMessage } from '../../src/bus/nats-parts.ts';
import { type NatsServer, startNats } from '../support/nats.ts';
import { startNetwork } from '../support/network.ts';
import { rejectionOf } from '../support/rejection.ts';
import { createTestHub, describeBus, introduce } from './bus-conformance.ts';

const onError = () => undefined;

describeBus(
  'NATS',
  {
    isLive: true,
    async start() {
      const server = await startNats();
      const network = await startNetwork(server.port);
      return {
        connect: (report) => createNatsBus(server.url, { onError: report }),
        async remove() {
          network.close();
          await server.remove();
        },
        faults: {
          stop: server.stop,
          start: server.start,
          freeze: server.freeze,
          thaw: server.thaw,
          async connectOver(report) {
            const bus = await createNatsBus(`nats://127.0.0.1:${network.port}`, {
              onError: report,
            });
            return { bus, network: { ...network, silence: () => network.silence() } };
          },
        },
      };
    },
  },
  { hasFaults: true },
);

describe('with servers', () => {
  let servers: NatsServer[];
  let closables: Bus[] = [];

  beforeAll(async () => {
    servers = await Promise.all([
      startNats('authorization { user: hub, password: "p@ss/word" }'),
      startNats('authorization { token: "t0ken/+" }'),
      startNats('max_payload: 1024'),
    ]);
  });
  afterAll(() => Promise.all(servers.map((server) => server.remove())));
  afterEach(async () => {
    for (const bus of closables) await bus.close();
    closables = [];
  });

  async function connect(url: string, credentials = {}) {
    const bus = await createNatsBus(url, { onError, credentials });
    closables.push(bus);
    return createTestHub(bus);
  }

  test('signs in with a user and a password, or a token, from the URL or beside it', async () => {
    const [withUser, withToken] = servers.map(({ port }) => `127.0.0.1:${port}`);
    await connect(`nats://hub:p%40ss%2Fword@${withUser}`);
    await connect(`nats://${withUser}`, { user: 'hub', password: 'p@ss/word' });
    await connect(`nats://t0ken%2F%2B@${withToken}`);
    await connect(`nats://${withToken}`, { token: 't0ken/+' });
  });

  test('does not reveal the password in an error', async () => {
    const opening = connect(`nats://hub:wrong-password@127.0.0.1:${servers[0]!.port}`);
    const message = await rejectionOf(opening);
    expect(message).toMatch(/^Cannot connect to NATS at 127\.0\.0\.1:\d+: .*Authorization/i);
    expect(message).not.toContain('wrong-password');
  });

  test('uses the servers that can be reached', async () => {
    const missing = await startNats();
    await missing.remove();
    const url = `nats://127.0.0.1:${missing.port},127.0.0.1:${servers[2]!.port}`;
    for (let i = 0; i < 4; i++) await connect(url);
    expect(await rejectionOf(connect(missing.url))).toBe(
      `Cannot connect to NATS at 127.0.0.1:${missing.port}: connection refused. Check that the server is running and can be reached.`,
    );
  });

  test('obeys the largest message that the server accepts', async () => {
    const { url } = servers[2]!;
    const [sender, receiver] = await Promise.all([connect(url), connect(url)]);
    receiver.record('news');
    await introduce(sender, receiver);
    const texts = [500, 760, 766, 767, 768, 1_024, 5_000, 100_000].map((size) => 'x'.repeat(size));
    for (const text of texts) sender.bus.publish('news', text);
    expect(await receiver.waitFor(texts.length)).toEqual(texts);
  });
});

describe('addresses', () => {
  test.each([
    ['nats://a', ['a:4222'], false],
    ['nats://a:1,b:2, nats://c', ['a:1', 'b:2', 'c:4222'], false],
    ['tls://a.example:4443/', ['a.example:4443'], true],
    ['nats://[::1]:4222', ['[::1]:4222'], false],
  ])('%s', (text, expected, isTls) => {
    expect(parseNatsAddress(text)).toMatchObject({ servers: expected, isTls });
  });

  test.each(['', 'nats://', 'http://a', 'nats://a/path', 'nats://a,,b', 'nats://user:secret@'])(
    'rejects %p',
    (text) => {
      expect(() => parseNatsAddress(text)).toThrow(
        'The address of the NATS servers must look like nats://host:4222 or nats://host-1:4222,host-2:4222.',
      );
    },
  );
});

describe('parts', () => {
  const bytes = Buffer.from('abcdefgh');

  function join(indexes: readonly number[], parts = splitMessage(bytes, 3)) {
    let lost = 0;
    const joiner = createJoiner(() => (lost += 1));
    const joined = indexes.flatMap((index) => {
      const position = { sender: 's', message: 1, index, count: parts.length };
      const text = joiner.add(parsePart(formatPart(position)), parts[index]!);
      return text ? [Buffer.from(text).toString()] : [];
    });
    return { joined, lost };
  }

  test('are joined', () => {
    expect(splitMessage(bytes, 3).map(String)).toEqual(
      ['abc', 'def', 'gh'].map((text) => String(Buffer.from(text))),
    );
    expect(join([0, 1, 2])).toEqual({ joined: ['abcdefgh'], lost: 0 });
  });

  test('that are missing are noticed', () => {
    expect(join([0, 2])).toEqual({ joined: [], lost: 1 });
    expect(join([1, 2])).toEqual({ joined: [], lost: 2 });
    expect(join([0, 0, 1, 2])).toEqual({ joined: ['abcdefgh'], lost: 0 });
  });

  test.each(['', 'a', 'a 1 2', 'a 1 2 x', ' 1 2 3', 'a 1 2 3 4'])('reject %p', (text) => {
    expect(() => parsePart(text)).toThrow('A part of a message on the bus is malformed.');
  });
});
