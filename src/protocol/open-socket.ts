// Opens a client's WebSocket with credentials in the upgrade request, which a browser cannot do.

interface BunOptions {
  headers: Record<string, string>;
  tls: { rejectUnauthorized: boolean };
}

/** Bun's constructor. The types of the browser's have precedence. */
type Constructor = new (url: string, options: BunOptions) => WebSocket;

/**
 * @param token the token that the first message contains as well
 * @param options.verifyCertificate false only for a hub in this process
 */
export function openSocket(
  url: string,
  token: string,
  { verifyCertificate = true } = {},
): WebSocket {
  const BunWebSocket = WebSocket as unknown as Constructor;
  return new BunWebSocket(url, {
    headers: { authorization: `Bearer ${token}` },
    tls: { rejectUnauthorized: verifyCertificate },
  });
}
