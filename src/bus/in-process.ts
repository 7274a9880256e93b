// A bus within one process: for a single hub, and for tests with several hubs in one process.
import type { Bus } from './bus.ts';
import { createTopics, encodeMessage, type OnError, type Topics } from './topics.ts';

/** Creates a bus without endpoints. */
export function createInProcessBus() {
  const endpoints = new Set<Topics>();

  /**
   * Creates the endpoint of a hub.
   * @param onError called with what a handler has thrown
   */
  function connect(onError: OnError): Bus {
    const topics = createTopics(onError);
    endpoints.add(topics);
    return {
      isLive: true,
      publish(topic, message) {
        // A single hub has nobody to tell.
        if (endpoints.size === 1 || !endpoints.has(topics)) return;
        const json = encodeMessage(message);
        if (json === null) return;
        queueMicrotask(() => {
          for (const other of endpoints) {
            if (other !== topics && other.has(topic)) other.deliver(topic, JSON.parse(json));
          }
        });
      },
      subscribe: topics.subscribe,
      onGap: topics.onGap,
      status: () => ({
        isConnected: endpoints.has(topics),
        lagMs: endpoints.has(topics) ? 0 : null,
      }),
      close() {
        endpoints.delete(topics);
        topics.clear();
        return Promise.resolve();
      },
    };
  }

  return { connect };
}
