// How the hubs of one system tell each other what happened. A bus may lose messages: the store is the truth, and receivers
// read what they have missed from it. The rules that an implementation must satisfy are in test/bus/bus-conformance.ts.

/** A JSON value. */
export type BusMessage = unknown;

export interface BusStatus {
  isConnected: boolean;
  /** How long the last message was on its way, in milliseconds; null if that is not known. */
  lagMs: number | null;
}

export interface Bus {
  /** Whether messages arrive without a commit, so that it is worth sending output itself and not only its position. */
  readonly isLive: boolean;
  /**
   * Sends a message to all other hubs that have subscribed to a topic, at most once. Messages of one hub arrive in order.
   * Never throws: a message that cannot be sent is lost.
   * @param topic letters, digits, `-`, `_` and `.`
   */
  publish(topic: string, message: BusMessage): void;
  /** Calls `handle` for each message of the other hubs about a topic. Returns a function that ends this. */
  subscribe(topic: string, handle: (message: BusMessage) => void): () => void;
  /** Calls `handle` when messages may have been lost, for example after a lost connection. Returns a function that ends this. */
  onGap(handle: () => void): () => void;
  status(): BusStatus;
  close(): Promise<void>;
}
