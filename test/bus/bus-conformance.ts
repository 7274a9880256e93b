// The rules that every bus must satisfy.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { Bus, BusMessage } from '../../src/bus/bus.ts';
import { createCondition, type Falsy } from '../support/condition.ts';

/** A bus server, and what can happen to it. */
export interface BusServer {
  /** Connects a hub. */
  connect(onError: (error: unknown) => void): Promise<Bus>;
  remove(): Promise<void>;
  faults?: {
    stop(): Promise<void>;
    start(): Promise<void>;
    freeze(): void;
    thaw(): void;
    /** Connects a hub over a network that fails. */
    connectOver(onError: (error: unknown) => void): Promise<{ bus: Bus; network: FailingNetwork }>;
  };
}

interface FailingNetwork {
  goDown(): void;
  comeUp(): void;
  /** Delivers nothing more on the connection with which the hub receives, which stays open. */
  silence(): void;
}

/** How often a test tries what may be lost. */
const RETRY_MS = 10;

export type TestHub = ReturnType<typeof createTestHub>;

/** A hub that remembers what it has received. */
export function createTestHub(bus: Bus, errors: unknown[] = []) {
  const { notify, waitUntil } = createCondition();
  const received: BusMessage[] = [];
  let gaps = 0;
  bus.onGap(() => {
    gaps += 1;
    notify();
  });
  return {
    bus,
    errors,
    received,
    get gaps() {
      return gaps;
    },
    /** Remembers the messages about a topic. */
    record: (topic: string) =>
      bus.subscribe(topic, (message) => {
        received.push(message);
        notify();
      }),
    waitUntil,
    /** Waits for so many messages, and returns them. */
    waitFor: (count: number): Promise<BusMessage[]> =>
      waitUntil(() => received.length >= count && received),
    /** Waits for something that sends nothing when it happens. */
    async poll<T>(evaluate: () => T | Falsy): Promise<T> {
      const timer = setInterval(notify, RETRY_MS);
      try {
        return await waitUntil(evaluate);
      } finally {
        clearInterval(timer);
      }
    },
  };
}

/** Waits until what one hub sends reaches the other, including all that the other has subscribed to before. */
export async function introduce(from: TestHub, to: TestHub): Promise<void> {
  const topic = `introduction.${crypto.randomUUID()}`;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = to.bus.subscribe(topic, () => resolve());
  const timer = setInterval(() => from.bus.publish(topic, null), RETRY_MS);
  await promise;
  clearInterval(timer);
  end();
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** @param isLive what the bus says of itself */
export function describeBus(
  name: string,
  { isLive, start }: { isLive: boolean; start: () => Promise<BusServer> },
  { hasFaults }: { hasFaults: boolean },
): void {
  describe(`the bus (${name})`, () => {
    let server: BusServer;
    let buses: Bus[] = [];

    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.remove());
    afterEach(async () => {
      await Promise.all(buses.map((bus) => bus.close()));
      buses = [];
    });

    async function connect(): Promise<TestHub> {
      const errors: unknown[] = [];
      const bus = await server.connect((error) => errors.push(error));
      buses.push(bus);
      return createTestHub(bus, errors);
    }

    /** Connects two hubs. The second has subscribed to topics. */
    async function connectTwo(...topics: string[]) {
      const [sender, receiver] = await Promise.all([connect(), connect()]);
      for (const topic of topics) receiver.record(topic);
      await introduce(sender, receiver);
      return { sender, receiver };
    }

    test('says whether messages arrive without a commit', async () => {
      expect((await connect()).bus.isLive).toBe(isLive);
    });

    test('delivers a message to all other hubs, and not to the sender', async () => {
      const { sender, receiver } = await connectTwo('news');
      const third = await connect();
      third.record('news');
      sender.record('news');
      await Promise.all([introduce(sender, third), introduce(third, sender)]);
      sender.bus.publish('news', 'from sender');
      expect(await receiver.waitFor(1)).toEqual(['from sender']);
      expect(await third.waitFor(1)).toEqual(['from sender']);
      third.bus.publish('news', 'from third');
      expect(await sender.waitFor(1)).toEqual(['from third']);
      expect(await receiver.waitFor(2)).toEqual(['from sender', 'from third']);
      expect(third.received).toEqual(['from sender']);
    });

    test('delivers only the topics that a hub has subscribed to', async () => {
      const { sender, receiver } = await connectTwo('agent.a-1_B', 'end');
      sender.bus.publish('agent.a-1_C', 'other');
      sender.bus.publish('agent.a-1_B', 'this');
      sender.bus.publish('agent', 'parent');
      sender.bus.publish('agent.a-1_B.more', 'child');
      sender.bus.publish('end', 'end');
      expect(await receiver.waitFor(2)).toEqual(['this', 'end']);
    });

    test('delivers the messages of a hub in order, about several topics too', async () => {
      const { sender, receiver } = await connectTwo('a', 'b', 'c');
      const texts = range(1_500).map((i) => (i % 100 === 0 ? `${i} ${'x'.repeat(5_000)}` : `${i}`));
      for (const [i, text] of texts.entries()) {
        sender.bus.publish('abc'.charAt(i % 3), text);
        if (i % 70 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await receiver.waitFor(texts.length)).toEqual(texts);
    });

    test('keeps the order of each hub when several send', async () => {
      const { sender, receiver } = await connectTwo('news');
      const others = await Promise.all([connect(), connect()]);
      for (const other of others) await introduce(other, receiver);
      const senders = [sender, ...others];
      for (const i of range(300)) {
        for (const [n, { bus }] of senders.entries()) bus.publish('news', [n, i]);
      }
      const all = (await receiver.waitFor(900)) as [number, number][];
      for (const n of range(senders.length)) {
        expect(all.filter(([from]) => from === n).map(([, i]) => i)).toEqual(range(300));
      }
    });

    test('delivers every JSON value as it was when it was sent', async () => {
      const { sender, receiver } = await connectTwo('news');
      const values: BusMessage[] = [
        null,
        true,
        -1.5,
        '',
        'ä€😀',
        '\0\u001a"\\\n\u2028',
        '\ud800',
        [],
        {},
        { nested: [{ text: 'a\0b' }, null] },
        'ü'.repeat(2_000),
        `\0${'\ud800'.repeat(2_000)}`,
      ];
      const changing = { count: 1 };
      for (const value of values) sender.bus.publish('news', value);
      sender.bus.publish('news', changing);
      changing.count = 2;
      expect(await receiver.waitFor(values.length + 1)).toEqual([...values, { count: 1 }]);
    });

    test('gives each hub its own copy of a message', async () => {
      const { sender, receiver } = await connectTwo('news');
      const third = await connect();
      third.record('news');
      await introduce(sender, third);
      const message = { text: 'a' };
      sender.bus.publish('news', message);
      const [first] = await receiver.waitFor(1);
      const [second] = await third.waitFor(1);
      expect(first).toEqual(message);
      expect(first).not.toBe(second);
      expect(first).not.toBe(message);
    });

    test('does not throw for what is not JSON', async () => {
      const { sender, receiver } = await connectTwo('news');
      const circular: Record<string, unknown> = {};
      circular['self'] = circular;
      for (const value of [circular, 1n, undefined]) sender.bus.publish('news', value);
      sender.bus.publish('news', 'end');
      expect(await receiver.waitFor(1)).toEqual(['end']);
    });

    test('ends each subscription for itself', async () => {
      const { sender, receiver } = await connectTwo();
      const endFirst = receiver.record('news');
      const endSecond = receiver.record('news');
      receiver.record('end');
      await introduce(sender, receiver);
      sender.bus.publish('news', 1);
      expect(await receiver.waitFor(2)).toEqual([1, 1]);
      endFirst();
      endFirst();
      sender.bus.publish('news', 2);
      expect(await receiver.waitFor(3)).toEqual([1, 1, 2]);
      endSecond();
      sender.bus.publish('news', 3);
      sender.bus.publish('end', 'end');
      expect(await receiver.waitFor(4)).toEqual([1, 1, 2, 'end']);
      receiver.record('news');
      await introduce(sender, receiver);
      sender.bus.publish('news', 4);
      expect(await receiver.waitFor(5)).toEqual([1, 1, 2, 'end', 4]);
    });

    test('calls the other handlers when one throws, and reports it', async () => {
      const { sender, receiver } = await connectTwo();
      const failure = new Error('This handler fails.');
      receiver.bus.subscribe('news', () => {
        throw failure;
      });
      receiver.record('news');
      await introduce(sender, receiver);
      sender.bus.publish('news', 1);
      sender.bus.publish('news', 2);
      expect(await receiver.waitFor(2)).toEqual([1, 2]);
      expect(receiver.errors).toEqual([failure, failure]);
    });

    test('lets handlers subscribe and end subscriptions', async () => {
      const { sender, receiver } = await connectTwo();
      const end = receiver.bus.subscribe('news', () => {
        end();
        endOther();
        receiver.record('news');
      });
      const endOther = receiver.record('news');
      await introduce(sender, receiver);
      sender.bus.publish('news', 1);
      await introduce(sender, receiver);
      sender.bus.publish('news', 2);
      expect(await receiver.waitFor(1)).toEqual([2]);
    });

    test('delivers a message of 3 MB, in order', async () => {
      const { sender, receiver } = await connectTwo('news', 'more');
      const large = { text: 'aä€😀'.repeat(300_000) };
      sender.bus.publish('news', 'before');
      sender.bus.publish('news', large);
      sender.bus.publish('more', large);
      sender.bus.publish('news', 'after');
      // A comparison that fails would print the message.
      const all = await receiver.waitFor(4);
      const areLarge = all.map((message) => Bun.deepEquals(message, large));
      expect(areLarge).toEqual([false, true, true, false]);
      expect([all[0], all[3]]).toEqual(['before', 'after']);
    });

    test('delivers a burst of 20,000 messages, in order', async () => {
      const { sender, receiver } = await connectTwo('news');
      const third = await connect();
      third.record('news');
      await introduce(sender, third);
      const count = 20_000;
      for (const i of range(count)) sender.bus.publish('news', { i, text: 'x'.repeat(100) });
      for (const hub of [receiver, third]) {
        const all = (await hub.waitFor(count)) as { i: number }[];
        expect(all.every(({ i }, position) => i === position)).toBeTrue();
        expect(hub.received.length).toBe(count);
        expect(hub.gaps).toBe(0);
      }
    });

    test('measures how long messages take', async () => {
      const hub = await connect();
      const lagMs = await hub.poll(() => {
        const status = hub.bus.status();
        return status.lagMs !== null && [status.lagMs];
      });
      expect(lagMs[0]).toBeGreaterThanOrEqual(0);
      expect(lagMs[0]).toBeLessThan(5_000);
      expect(hub.bus.status().isConnected).toBeTrue();
    });

    test('delivers what was sent before it is closed, and nothing afterwards', async () => {
      const { sender, receiver } = await connectTwo('news');
      sender.bus.publish('news', 'last');
      await sender.bus.close();
      expect(await receiver.waitFor(1)).toEqual(['last']);
      sender.bus.publish('news', 'later');
      expect(sender.bus.status()).toEqual({ isConnected: false, lagMs: null });
      const third = await connect();
      await introduce(third, receiver);
      third.bus.publish('news', 'third');
      expect(await receiver.waitFor(2)).toEqual(['last', 'third']);
      await receiver.bus.close();
      third.bus.publish('news', 'to nobody');
      const fourth = await connect();
      await introduce(third, fourth);
      expect(receiver.received).toEqual(['last', 'third']);
    });

    test('can be closed twice', async () => {
      const { bus } = await connect();
      await bus.close();
      await bus.close();
    });

    if (!hasFaults) return;

    /** Sends from a hub all the time. Returns a function that ends this. */
    function keepSending(hub: TestHub, size: number): () => void {
      let isDone = false;
      let i = 0;
      const text = 'x'.repeat(size);
      function send() {
        if (isDone) return;
        for (let n = 0; n < 20; n++) hub.bus.publish('load', { i: i++, text });
        setTimeout(send, 1);
      }
      send();
      return () => (isDone = true);
    }

    const isIncreasing = (messages: readonly BusMessage[]) =>
      (messages as { i: number }[]).every(
        ({ i }, position, all) => position === 0 || i > (all[position - 1]?.i ?? 0),
      );

    test.each([100, 5_000])('works again after a restart under load (%i bytes)', async (size) => {
      const { sender, receiver } = await connectTwo('load');
      const end = keepSending(sender, size);
      await receiver.waitFor(100);
      await server.faults!.stop();
      await receiver.poll(() => !receiver.bus.status().isConnected);
      expect(receiver.bus.status().lagMs).toBeNull();
      await server.faults!.start();
      await receiver.waitUntil(() => receiver.gaps > 0);
      await sender.waitUntil(() => sender.gaps > 0);
      const before = receiver.received.length;
      await receiver.waitFor(before + 100);
      end();
      expect(isIncreasing(receiver.received)).toBeTrue();
      expect(receiver.bus.status().isConnected).toBeTrue();
      expect(receiver.errors).toEqual([]);
    });

    test('notices a frozen server, and works again when it runs', async () => {
      const { sender, receiver } = await connectTwo('load');
      // More than the buffers of a connection hold.
      const end = keepSending(sender, 5_000);
      await receiver.waitFor(100);
      server.faults!.freeze();
      const frozenAt = performance.now();
      try {
        for (const hub of [receiver, sender]) {
          await hub.poll(() => !hub.bus.status().isConnected);
        }
        expect(performance.now() - frozenAt).toBeLessThan(8_000);
      } finally {
        server.faults!.thaw();
      }
      for (const hub of [receiver, sender]) await hub.waitUntil(() => hub.gaps > 0);
      const before = receiver.received.length;
      await receiver.waitFor(before + 100);
      end();
      expect(isIncreasing(receiver.received)).toBeTrue();
    });

    /** Connects a hub over a network that fails, and one with a network that does not. */
    async function connectOver(...topics: string[]) {
      const { bus, network } = await server.faults!.connectOver(() => undefined);
      buses.push(bus);
      const remote = createTestHub(bus);
      const other = await connect();
      for (const hub of [remote, other]) for (const topic of topics) hub.record(topic);
      await Promise.all([introduce(remote, other), introduce(other, remote)]);
      return { remote, other, network };
    }

    test('tells the others when messages of a hub were lost', async () => {
      const { remote, other, network } = await connectOver('news');
      network.goDown();
      await remote.poll(() => !remote.bus.status().isConnected);
      remote.bus.publish('news', 'lost');
      expect(other.gaps).toBe(0);
      network.comeUp();
      await other.waitUntil(() => other.gaps > 0);
      await remote.waitUntil(() => remote.gaps > 0);
      expect(other.received).toEqual([]);
      remote.bus.publish('news', 'sent');
      expect(await other.waitFor(1)).toEqual(['sent']);
      other.bus.publish('news', 'answer');
      expect(await remote.waitFor(1)).toEqual(['answer']);
      // A gap makes a hub read much from the store, so it is reported once.
      expect([remote.gaps, other.gaps]).toEqual([1, 1]);
    });

    test('notices that its receiving connection is dead', async () => {
      const { remote, other, network } = await connectOver('news');
      network.silence();
      const silentAt = performance.now();
      other.bus.publish('news', 'lost');
      await remote.waitUntil(() => remote.gaps > 0);
      expect(performance.now() - silentAt).toBeLessThan(8_000);
      await introduce(other, remote);
      other.bus.publish('news', 'sent');
      expect(await remote.waitFor(1)).toEqual(['sent']);
    });

    test('can be closed while the server is frozen', async () => {
      const hub = await connect();
      server.faults!.freeze();
      try {
        hub.bus.publish('news', 'x'.repeat(5_000_000));
        const closingAt = performance.now();
        await hub.bus.close();
        expect(performance.now() - closingAt).toBeLessThan(8_000);
      } finally {
        server.faults!.thaw();
      }
    });
  });
}
