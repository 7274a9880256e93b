// The bus on PostgreSQL: that it is a bus, its table, and how it packs messages.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import type { Bus } from '../../src/bus/bus.ts';
import { createPostgresBus } from '../../src/bus/postgres-bus.ts';
import { openPostgresLink, type PostgresLink } from '../../src/bus/postgres-link.ts';
import { packMessages, parseNotification } from '../../src/bus/postgres-packing.ts';
import { parseAddress } from '../../src/store/postgres/address.ts';
import { startNetwork } from '../support/network.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { rejectionOf } from '../support/rejection.ts';
import { createTestHub, describeBus, introduce } from './bus-conformance.ts';

describeBus(
  'PostgreSQL',
  {
    isLive: false,
    async start() {
      const server = await startPostgres();
      const url = await server.createDatabase();
      const network = await startNetwork(server.port);
      return {
        connect: (onError) => createPostgresBus(url, { onError }),
        async remove() {
          network.close();
          await server.remove();
        },
        faults: {
          // The files of a table without a log are emptied.
          stop: server.crash,
          start: server.start,
          freeze: server.freeze,
          thaw: server.thaw,
          async connectOver(onError) {
            const over = url.replace(`:${server.port}/`, `:${network.port}/`);
            return {
              bus: await createPostgresBus(over, { onError }),
              network: { ...network, silence: () => expect(network.silence('LISTEN')).toBe(1) },
            };
          },
        },
      };
    },
  },
  { hasFaults: true },
);

describe('with a database', () => {
  let server: PostgresServer;
  let url: string;
  let closables: { close(): Promise<void> }[];

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    closables = [];
    url = await server.createDatabase();
  });
  afterEach(async () => {
    for (const closable of closables) await closable.close();
  });

  async function connect() {
    const errors: unknown[] = [];
    const bus: Bus = await createPostgresBus(url, { onError: (error) => errors.push(error) });
    closables.push(bus);
    return createTestHub(bus, errors);
  }

  async function openLink(): Promise<PostgresLink> {
    const link = await openPostgresLink(parseAddress(url), 'other', () => undefined);
    closables.push(link);
    return link;
  }

  test('hubs that start together create one table, which has no log', async () => {
    await Promise.all([connect(), connect(), connect(), connect()]);
    const tables = await server.execute<{ relpersistence: string }>(
      `SELECT relpersistence FROM pg_class WHERE relname = 'bus_messages'`,
      url,
    );
    expect(tables.map(({ relpersistence }) => relpersistence)).toEqual(['u']);
  });

  test('only long messages are in the table', async () => {
    const [sender, receiver] = await Promise.all([connect(), connect()]);
    receiver.record('news');
    await introduce(sender, receiver);
    sender.bus.publish('news', 'x'.repeat(1_000));
    sender.bus.publish('news', 'y'.repeat(2_000));
    await receiver.waitFor(2);
    const rows = await server.execute<{ body: string }>('SELECT body FROM bus_messages', url);
    expect(rows.map(({ body }) => body)).toEqual([`"${'y'.repeat(2_000)}"`]);
  });

  test('a long message is delivered once, even if its notification was lost', async () => {
    const receiver = await connect();
    receiver.record('news');
    const insert = (sequence: number) =>
      server.execute(
        `INSERT INTO bus_messages (sender, sequence, topic, body) VALUES ('other', ${sequence}, 'news', '"long ${sequence}"')`,
        url,
      );
    await insert(7);
    expect(await receiver.waitFor(1)).toEqual(['long 7']);
    // It is found for several seconds, and its notification arrives after all.
    await server.execute(
      `SELECT pg_notify('signalbox_bus', '{"s":"other","n":6,"m":[["news","6"],["news"],["news","8"]]}')`,
      url,
    );
    await insert(9);
    expect(await receiver.waitFor(3)).toEqual(['long 7', '8', 'long 9']);
    expect(receiver.gaps).toBe(0);
  });

  test('a message that is missing is a gap', async () => {
    const receiver = await connect();
    receiver.record('news');
    const notify = (payload: string) =>
      server.execute(`SELECT pg_notify('signalbox_bus', '${payload}')`, url);
    await notify('{"s":"other","n":5,"m":[["news","5"]]}');
    await notify('{"s":"other","n":6,"m":[]}');
    await notify('{"s":"other","n":6,"m":[["news","6"]]}');
    expect(await receiver.waitFor(2)).toEqual(['5', '6']);
    expect(receiver.gaps).toBe(0);
    await notify('{"s":"other","n":8,"m":[]}');
    await receiver.waitUntil(() => receiver.gaps === 1);
    // Its row was deleted.
    await notify('{"s":"other","n":8,"m":[["news"]]}');
    await receiver.waitUntil(() => receiver.gaps === 2);
    expect(receiver.errors).toEqual([]);
  });

  test('a notification that is not from a hub is reported, and ignored', async () => {
    const [sender, receiver] = await Promise.all([connect(), connect()]);
    receiver.record('news');
    for (const payload of ['', 'x', '{}', '{"s":1,"n":1,"m":[]}']) {
      await server.execute(`SELECT pg_notify('signalbox_bus', '${payload}')`, url);
    }
    await introduce(sender, receiver);
    sender.bus.publish('news', 1);
    expect(await receiver.waitFor(1)).toEqual([1]);
    expect(receiver.errors.length).toBe(4);
  });

  test('messages are deleted after a minute', async () => {
    const link = await openLink();
    await server.execute(
      `INSERT INTO bus_messages (sender, sequence, topic, body, created_at)
       VALUES ('a', 1, 't', '1', now() - interval '61 s'), ('a', 2, 't', '2', now() - interval '50 s')`,
      url,
    );
    await link.deleteOld();
    expect(await link.read('a', 1)).toBeUndefined();
    expect(await link.read('a', 2)).toBe('2');
  });

  test('a table that was dropped is created again', async () => {
    const [sender, receiver] = await Promise.all([connect(), connect()]);
    receiver.record('news');
    await server.execute('DROP TABLE bus_messages', url);
    sender.bus.publish('news', 'x'.repeat(5_000));
    await sender.waitUntil(() => sender.gaps > 0);
    expect(String(sender.errors[0])).toContain('"bus_messages" does not exist');
    await introduce(sender, receiver);
    sender.bus.publish('news', 'y'.repeat(5_000));
    expect(await receiver.waitFor(1)).toEqual(['y'.repeat(5_000)]);
  });

  test('a database that cannot be opened is explained', async () => {
    const missing = url.replace(/[^/]+$/, 'missing');
    const opening = createPostgresBus(missing, { onError: () => undefined });
    expect(await rejectionOf(opening)).toContain('Create the database first.');
  });
});

test('packs messages into notifications that PostgreSQL accepts, and loses none', () => {
  const json = fc
    .oneof(fc.string({ unit: 'binary', maxLength: 2_000 }), fc.constant('x'.repeat(1_022)))
    .map((text) => JSON.stringify(text));
  // Numbers are missing between them, where messages were lost.
  const message = fc.record({ json, skipped: fc.constantFrom(0, 0, 0, 1, 5) });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60 }), (list) => {
      let last = 0;
      const messages = list.map(({ json: text, skipped }, i) => {
        last += 1 + skipped;
        return { sequence: last, topic: `topic.${i % 3}`, json: text };
      });
      const { payloads, stored } = packMessages('sender', messages);
      for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThan(8_000);
      const bodies = new Map(stored.map(({ sequence, body }) => [sequence, body]));
      const unpacked = payloads.flatMap((payload) => {
        const { n: first, m: entries } = parseNotification(payload);
        return entries.map(([topic, ...inline], i) => ({
          sequence: first + i,
          topic,
          json: inline.length > 0 ? JSON.stringify(inline[0]) : bodies.get(first + i),
        }));
      });
      expect(unpacked as unknown[]).toEqual(messages);
    }),
    { numRuns: 100 },
  );
});
