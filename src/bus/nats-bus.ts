// A bus on NATS. A connection is replaced here and not by the client, whose own way keeps a frozen server for ever and
// collects messages without a limit meanwhile.
import {
  connect,
  headers,
  type Msg,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from './bus.ts';
import { keepLink } from './link.ts';
import { type NatsAddress, type NatsCredentials, parseNatsAddress } from './nats-address.ts';
import { createJoiner, formatPart, parsePart, splitMessage } from './nats-parts.ts';
import { createTopics, encodeMessage, type OnError } from './topics.ts';

const PREFIX = 'signalbox.';
/** Tells the others that messages of a hub were lost. It cannot be the name of a topic. */
const LOST_SUBJECT = `${PREFIX}$lost`;
const PART_HEADER = 'Signalbox-Part';
/** How much of the largest message that the server accepts is left for the header. */
const HEADER_BYTES = 256;

const CONNECT_MS = 3_000;
/** How long closing waits for messages that have not been sent. */
const CLOSE_MS = 1_000;
/** After how many bytes to ask the server whether it has received them, and how many it may be behind. */
const CONFIRM_BYTES = 1_000_000;
const MAX_UNCONFIRMED_BYTES = 64_000_000;

interface Options {
  /** Called with what a handler has thrown, and with what has failed otherwise. */
  onError: OnError;
  /** Used if the URL has none. */
  credentials?: NatsCredentials | undefined;
}

/**
 * Connects a hub to the bus on NATS servers. They must allow it to publish and subscribe to `signalbox.>`.
 * @param url such as `nats://host:4222` or `nats://host-1:4222,host-2:4222`
 * @throws if the URL is invalid or no server can be reached
 */
export async function createNatsBus(url: string, { onError, credentials }: Options): Promise<Bus> {
  const address = parseNatsAddress(url, credentials);
  const sender = crypto.randomUUID();
  const topics = createTopics(onError, {
    onFirst: (topic) => connection && listen(connection, topic),
    onLast(topic) {
      subscriptions.get(topic)?.unsubscribe();
      subscriptions.delete(topic);
    },
  });
  const joiner = createJoiner(topics.reportGap);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();

  let connection: NatsConnection | null = null;
  const subscriptions = new Map<string, Subscription>();
  let splitCount = 0;
  /** What was sent since the server has last confirmed what it has received, and which part of it was asked about. */
  let unconfirmedBytes = 0;
  let unaskedBytes = 0;
  /** Whether messages were lost, and the others have not been told. */
  let hasLost = false;

  async function open() {
    const opened = await connectTo(address);
    joiner.clear();
    subscriptions.clear();
    unconfirmedBytes = 0;
    unaskedBytes = 0;
    opened.subscribe(LOST_SUBJECT, { callback: topics.reportGap });
    for (const topic of topics.list()) listen(opened, topic);
    // A hub that is told of a gap reads the store, and must not miss what happens from then on.
    await confirmSubscriptions(opened);
    connection = opened;
    const ended = opened.closed().then(() => {
      if (connection !== opened) return;
      connection = null;
      hasLost = true;
    });
    return { ended, close: () => opened.close(), echo: () => opened.flush() };
  }

  function listen(to: NatsConnection, topic: string) {
    const callback = (error: Error | null, message: Msg) => {
      try {
        if (error) throw error;
        const bytes = join(message);
        if (bytes) topics.deliver(topic, JSON.parse(decoder.decode(bytes)));
      } catch (caught) {
        // The client does not expect that a callback throws.
        onError(caught);
      }
    };
    subscriptions.set(topic, to.subscribe(PREFIX + topic, { callback }));
  }

  function join({ data, headers: values }: Msg): Uint8Array | null {
    const part = values?.get(PART_HEADER);
    return part ? joiner.add(parsePart(part), data) : data;
  }

  function send(to: NatsConnection, subject: string, bytes: Uint8Array) {
    const size = (to.info?.max_payload ?? Number.POSITIVE_INFINITY) - HEADER_BYTES;
    if (bytes.length <= size) {
      to.publish(subject, bytes);
      return;
    }
    splitCount += 1;
    const parts = splitMessage(bytes, size);
    for (const [index, part] of parts.entries()) {
      const position = { sender, message: splitCount, index, count: parts.length };
      const values = headers();
      values.set(PART_HEADER, formatPart(position));
      to.publish(subject, part, { headers: values });
    }
  }

  async function confirm(by: NatsConnection): Promise<void> {
    const bytes = unaskedBytes;
    unaskedBytes = 0;
    await by.flush();
    if (connection !== by) return;
    unconfirmedBytes -= bytes;
    reportLost();
  }

  /** Tells the others that messages were lost. */
  function reportLost() {
    if (!hasLost || !connection || unconfirmedBytes > MAX_UNCONFIRMED_BYTES) return;
    hasLost = false;
    connection.publish(LOST_SUBJECT);
  }

  const kept = await keepLink(open, () => {
    topics.reportGap();
    reportLost();
  });

  return {
    isLive: true,
    publish(topic, message) {
      const json = encodeMessage(message);
      if (json === null) return;
      if (!connection || unconfirmedBytes > MAX_UNCONFIRMED_BYTES) {
        hasLost = true;
        return;
      }
      try {
        const bytes = encoder.encode(json);
        send(connection, PREFIX + topic, bytes);
        unconfirmedBytes += bytes.length;
        unaskedBytes += bytes.length;
      } catch (error) {
        hasLost = true;
        onError(error);
      }
      if (unaskedBytes > CONFIRM_BYTES) confirm(connection).catch(() => undefined);
    },
    subscribe: topics.subscribe,
    onGap: topics.onGap,
    status: kept.status,
    async close() {
      const closing = connection;
      connection = null;
      const late = new AbortController();
      const flushed = closing?.flush().catch(() => undefined);
      await Promise.race([flushed, delay(CLOSE_MS, undefined, late)]);
      late.abort();
      await kept.close();
      topics.clear();
    },
  };
}

/** @throws if no server can be reached; the message contains no credentials */
async function connectTo({
  servers,
  credentials,
  isTls,
  name,
}: NatsAddress): Promise<NatsConnection> {
  const { user, password, token } = credentials;
  try {
    return await connect({
      servers,
      name: 'signalbox',
      timeout: CONNECT_MS,
      reconnect: false,
      noEcho: true,
      ...(isTls && { tls: {} }),
      ...(user !== undefined && { user, pass: password ?? '' }),
      ...(token !== undefined && { token }),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot connect to NATS at ${name}: ${reason.replace(/\.?$/, '.')} Check that the server is running and can be reached.`,
      { cause: error },
    );
  }
}

/** Waits until the server has received what was sent. @throws if it does not answer */
async function confirmSubscriptions(connection: NatsConnection): Promise<void> {
  const late = new AbortController();
  const hasAnswered = await Promise.race([
    connection.flush().then(() => true),
    connection.closed().then(() => false),
    delay(CONNECT_MS, false, late),
  ]);
  late.abort();
  if (hasAnswered) return;
  await connection.close();
  throw new Error('NATS does not answer.');
}
