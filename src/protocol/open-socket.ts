// Opens a client's WebSocket with credentials in the upgrade request, which a browser cannot do.

/** Bun's constructor. The types of the browser's have precedence. */
type Constructor = new (url: string, options: { headers: Record<string, string> }) => WebSocket;

/** @param token the token that the first message contains as well */
export function openSocket(url: string, token: string): WebSocket {
  const BunWebSocket = WebSocket as unknown as Constructor;
  return new BunWebSocket(url, { headers: { authorization: `Bearer ${token}` } });
}
