// Brings the messages of the other hubs on a PostgreSQL bus into order, reads long ones from the table, and notices which
// are missing.
import type { Notification } from './postgres-packing.ts';
import type { Topics } from './topics.ts';

/** A message in the table whose notification may have been lost. */
export interface Missed {
  sender: string;
  sequence: number;
  topic: string;
}

interface Sender {
  /** The number of its last message. */
  last: number;
  heardAt: number;
  /** Whether the next gap was reported already. */
  isGapKnown: boolean;
}

/** How long a hub is remembered after its last message. */
const FORGET_AFTER_MS = 120_000;
const FORGET_EVERY = 1_000;

/** @param read reads a message from the table; does not throw */
export function createReceiver(
  topics: Topics,
  read: (sender: string, sequence: number) => Promise<string | undefined>,
) {
  const senders = new Map<string, Sender>();
  const waiting: Notification[] = [];
  let isBusy = false;
  let received = 0;

  function forget(now: number) {
    for (const [id, { heardAt }] of senders) {
      if (now - heardAt > FORGET_AFTER_MS) senders.delete(id);
    }
  }

  /** Notes that messages have arrived. Returns how many of them have arrived before. */
  function note({ s: id, n: first, m: messages }: Notification): number {
    const now = performance.now();
    received += 1;
    if (received % FORGET_EVERY === 0) forget(now);
    const sender = senders.get(id) ?? { last: first - 1, heardAt: now, isGapKnown: false };
    senders.set(id, sender);
    if (first > sender.last + 1 && !sender.isGapKnown) topics.reportGap();
    sender.isGapKnown = false;
    const known = Math.max(0, sender.last + 1 - first);
    sender.last = Math.max(sender.last, first + messages.length - 1);
    sender.heardAt = now;
    return known;
  }

  async function readMessage(sender: string, sequence: number, topic: string): Promise<void> {
    const body = await read(sender, sequence);
    if (body === undefined) topics.reportGap();
    else topics.deliverJson(topic, body);
  }

  async function handleWaiting(): Promise<void> {
    isBusy = true;
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const known = note(next);
      for (const [i, entry] of next.m.entries()) {
        if (i < known) continue;
        const [topic] = entry;
        if (entry.length === 2) topics.deliver(topic, entry[1]);
        else if (topics.has(topic)) await readMessage(next.s, next.n + i, topic);
      }
    }
    isBusy = false;
  }

  /** Delivers the messages of a notification, after those that have arrived before. */
  function receive(notification: Notification) {
    waiting.push(notification);
    if (!isBusy) void handleWaiting();
  }

  return {
    receive,
    /** Reports that messages of all hubs may be missing. */
    reportGap() {
      for (const sender of senders.values()) sender.isGapKnown = true;
      topics.reportGap();
    },
    /** Delivers a message of the table if its notification has not arrived. */
    receiveStored({ sender, sequence, topic }: Missed) {
      receive({ s: sender, n: sequence, m: [[topic]] });
    },
  };
}
