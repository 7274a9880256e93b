// A bus on LISTEN and NOTIFY of PostgreSQL. Each notification is a commit, so messages are sent in groups, outside of the
// transactions of the store.
import { setTimeout as delay } from 'node:timers/promises';
import { parseAddress } from '../store/postgres/address.ts';
import { explainFailure, isLost } from '../store/postgres/errors.ts';
import type { Bus } from './bus.ts';
import { keepLink } from './link.ts';
import { openPostgresLink, type PostgresLink } from './postgres-link.ts';
import {
  isFrom,
  type NumberedMessage,
  packEcho,
  packMessages,
  parseNotification,
  readEcho,
} from './postgres-packing.ts';
import { createReceiver } from './postgres-receiver.ts';
import { createTopics, encodeMessage, type OnError } from './topics.ts';

/** How long messages are collected, and how much is sent at once, in characters. */
const COLLECT_MS = 2;
const MAX_GROUP = 1_000_000;
/** How much may wait, in characters. What exceeds it is lost. */
const MAX_WAITING = 32_000_000;
/** How often to look for messages whose notification was lost, and to delete old ones. */
const POLL_MS = 1_000;
const POLLS_BEFORE_DELETION = 20;
/** How long closing waits for messages that have not been sent. */
const CLOSE_MS = 1_000;

interface Options {
  /** Called with what a handler has thrown, and with what has failed otherwise. */
  onError: OnError;
  /** Used if the URL has none. */
  password?: string | undefined;
}

/**
 * Connects a hub to the bus in a database.
 * @param url such as `postgres://user@host/database`
 * @throws if the URL is invalid or the database cannot be opened
 */
export async function createPostgresBus(url: string, { onError, password }: Options): Promise<Bus> {
  const address = parseAddress(url, password);
  const sender = crypto.randomUUID();
  const topics = createTopics(onError);
  let link: PostgresLink | null = null;
  const receiver = createReceiver(topics, async (from, number) =>
    link?.read(from, number).catch(reportRefused),
  );
  /** The time of the server when the hub connected first. */
  let startedAt: string | null = null;

  let sequence = 0;
  /** What has not been sent, and its length. */
  let waiting: NumberedMessage[] = [];
  let waitingLength = 0;
  let timer: NodeJS.Timeout | null = null;
  let isSending = false;
  let sending: Promise<void> | null = null;
  /** The echo that has not been sent. */
  let echoDue: number | null = null;
  let echoCount = 0;
  const echoes = new Map<number, () => void>();

  async function open() {
    const opened = await openPostgresLink(address, sender, handlePayload);
    startedAt ??= await opened.readTime();
    echoes.clear();
    link = opened;
    void opened.ended.then(() => {
      if (link === opened) link = null;
    });
    return { ended: opened.ended, close: opened.close, echo };
  }

  function handlePayload(payload: string) {
    try {
      if (isFrom(payload, sender)) handleOwn(payload);
      else receiver.receive(parseNotification(payload));
    } catch (error) {
      onError(error);
    }
  }

  /** Reports a failure, unless the connection was lost, which is part of the life of a bus. */
  function reportRefused(error: unknown): undefined {
    if (!isLost(error)) onError(error);
  }

  function handleOwn(payload: string) {
    const echoed = readEcho(payload, sender);
    if (echoed === null) return;
    echoes.get(echoed)?.();
    echoes.delete(echoed);
  }

  function echo(): Promise<void> {
    echoCount += 1;
    echoDue = echoCount;
    const { promise, resolve } = Promise.withResolvers<void>();
    echoes.set(echoCount, resolve);
    startSending();
    return promise;
  }

  function startSending() {
    if (timer) clearTimeout(timer);
    timer = null;
    if (!isSending) sending = sendWaiting();
  }

  async function sendWaiting(): Promise<void> {
    isSending = true;
    for (;;) {
      const current = link;
      if (!current || (waiting.length === 0 && echoDue === null)) break;
      const packed = packMessages(sender, takeGroup());
      if (echoDue !== null) {
        const next = waiting[0]?.sequence ?? sequence + 1;
        packed.payloads.push(packEcho(sender, next, echoDue));
        echoDue = null;
      }
      try {
        await current.send(packed);
      } catch (error) {
        // The connection is replaced. The others notice from the numbers that messages are missing.
        reportRefused(error);
        break;
      }
    }
    waiting = [];
    waitingLength = 0;
    isSending = false;
  }

  function takeGroup(): NumberedMessage[] {
    let length = 0;
    const end = waiting.findIndex(({ json }) => (length += json.length) > MAX_GROUP);
    const group = waiting.splice(0, end === -1 ? waiting.length : Math.max(1, end));
    for (const { json } of group) waitingLength -= json.length;
    return group;
  }

  let polls = 0;
  let isPolling = false;
  async function poll(): Promise<void> {
    if (!link || startedAt === null || isPolling) return;
    isPolling = true;
    try {
      for (const missed of await link.listMissed(startedAt)) receiver.receiveStored(missed);
      polls += 1;
      if (polls % POLLS_BEFORE_DELETION === 0) await link?.deleteOld();
    } catch (error) {
      reportRefused(error);
    } finally {
      isPolling = false;
    }
  }

  const kept = await keepLink(open, receiver.reportGap).catch((error: unknown) => {
    throw explainFailure(error, address);
  });
  const polling = setInterval(() => void poll(), POLL_MS);
  let isClosed = false;

  return {
    isLive: false,
    publish(topic, message) {
      const json = encodeMessage(message);
      if (json === null) return;
      sequence += 1;
      if (!link || isClosed || waitingLength + json.length > MAX_WAITING) return;
      waiting.push({ sequence, topic, json });
      waitingLength += json.length;
      if (!isSending) timer ??= setTimeout(startSending, COLLECT_MS);
    },
    subscribe: topics.subscribe,
    onGap: topics.onGap,
    status: kept.status,
    async close() {
      isClosed = true;
      clearInterval(polling);
      startSending();
      const late = new AbortController();
      await Promise.race([sending, delay(CLOSE_MS, undefined, late)]);
      late.abort();
      await kept.close();
      topics.clear();
    },
  };
}
