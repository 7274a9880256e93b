// Why the page is disconnected: the hub's close reason, or a lost connection. The connection banner shows one sentence for
// each reason.

const sentences = {
  lost: 'Connection lost. Reconnecting… This page may be out of date.',
  silent: 'Connection lost. The hub does not respond. This page may be out of date.',
  shutdown: 'The hub is shutting down. This page reconnects when it is available again.',
  moved: 'The hub closed this connection. Reconnecting…',
  limit: 'The hub has reached its dashboard limit. Retrying…',
  slow_consumer: 'This connection is too slow for the output it shows. Reconnecting…',
  first_message_timeout: 'Connecting to the hub took too long. Retrying…',
  replaced: 'A newer connection replaced this one. Reconnecting…',
  rate_limited: 'This page sent too many messages to the hub. Reconnecting…',
  invalid_message: 'The hub rejected a message from this page. Reload the page.',
  unsupported_version: 'The hub no longer supports this version of the page. Reload the page.',
} as const;

export type DisconnectReason = keyof typeof sentences;

export const disconnectReasons = Object.keys(sentences) as DisconnectReason[];

/** Reasons that are not specific to this page. */
const outages = new Set<DisconnectReason>(['lost', 'silent', 'shutdown', 'moved']);

/** Returns the reason of a close event. */
export function parseDisconnectReason(closeReason: string): DisconnectReason {
  return disconnectReasons.find((reason) => reason === closeReason) ?? 'lost';
}

/** Whether the hub closed or rejected the connection of this page in particular. */
export function isRejection(reason: DisconnectReason): boolean {
  return !outages.has(reason);
}

/** Describes why the page is disconnected, and what happens next. */
export function describeDisconnect(reason: DisconnectReason): string {
  return sentences[reason];
}
