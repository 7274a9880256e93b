// Who has subscribed to what on a bus, whatever the bus is made of.
import type { BusMessage } from './bus.ts';

/** Called with what a handler has thrown. */
export type OnError = (error: unknown) => void;

interface Subscription {
  handle(message: BusMessage): void;
}

interface Events {
  /** Called when a topic has its first subscription, and when its last one has ended. */
  onFirst(topic: string): void;
  onLast(topic: string): void;
}

export type Topics = ReturnType<typeof createTopics>;

/** @param onError a handler that throws does not stop the others, nor the bus */
export function createTopics(
  onError: OnError,
  { onFirst, onLast }: Events = { onFirst() {}, onLast() {} },
) {
  const topics = new Map<string, Set<Subscription>>();
  const gaps = new Set<Subscription>();

  function call(subscriptions: ReadonlySet<Subscription>, message: BusMessage) {
    // A handler may subscribe, and end subscriptions.
    const current = [...subscriptions];
    for (const subscription of current) {
      if (!subscriptions.has(subscription)) continue;
      try {
        subscription.handle(message);
      } catch (error) {
        onError(error);
      }
    }
  }

  return {
    /** As `Bus.subscribe`. */
    subscribe(topic: string, handle: (message: BusMessage) => void): () => void {
      const subscription = { handle };
      const existing = topics.get(topic);
      const subscriptions = existing ?? new Set();
      subscriptions.add(subscription);
      if (!existing) {
        topics.set(topic, subscriptions);
        onFirst(topic);
      }
      return () => {
        if (!subscriptions.delete(subscription) || subscriptions.size > 0) return;
        topics.delete(topic);
        onLast(topic);
      };
    },
    /** As `Bus.onGap`. */
    onGap(handle: () => void): () => void {
      const subscription = { handle };
      gaps.add(subscription);
      return () => void gaps.delete(subscription);
    },
    has: (topic: string): boolean => topics.has(topic),
    list: (): string[] => [...topics.keys()],
    deliver(topic: string, message: BusMessage) {
      const subscriptions = topics.get(topic);
      if (subscriptions) call(subscriptions, message);
    },
    /** Delivers a message that is JSON. One that is not is reported as an error. */
    deliverJson(topic: string, json: string) {
      const subscriptions = topics.get(topic);
      if (!subscriptions) return;
      try {
        call(subscriptions, JSON.parse(json));
      } catch (error) {
        onError(error);
      }
    },
    reportGap: () => call(gaps, undefined),
    /** Ends all subscriptions, without events. */
    clear() {
      for (const subscriptions of topics.values()) subscriptions.clear();
      topics.clear();
      gaps.clear();
    },
  };
}

/** Encodes a message as JSON. Returns null if that cannot be done: then the message is lost. */
export function encodeMessage(message: BusMessage): string | null {
  try {
    return JSON.stringify(message) ?? null;
  } catch {
    return null;
  }
}
