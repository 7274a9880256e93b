// Sends requests over TCP exactly as written, for headers and request lines that fetch does not send.
import { connect, type Socket } from 'node:net';

export interface RawResponse {
  status: number;
  head: string;
  body: string;
}

/**
 * Sends the text. `closed` resolves with everything that the server sends until the connection is closed.
 * @param onData called with everything that has arrived so far
 */
export function openRaw(
  url: string,
  text: string,
  onData?: (received: string, socket: Socket) => void,
): { socket: Socket; closed: Promise<string> } {
  const { hostname, port } = new URL(url);
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
    onData?.(received, socket);
  });
  socket.on('error', () => {});
  socket.on('close', () => resolve(received));
  socket.write(text);
  return { socket, closed };
}

/** Sends the text and returns the first response. Resolves with status 0 if the server closes without one. */
export async function sendRaw(url: string, text: string): Promise<RawResponse> {
  const { closed } = openRaw(url, text, (received, socket) => {
    const length = /\r\ncontent-length: (\d+)/i.exec(received)?.[1];
    const end = received.indexOf('\r\n\r\n');
    if (end >= 0 && received.length - end - 4 >= Number(length ?? 0)) socket.destroy();
  });
  const [head = '', ...rest] = (await closed).split('\r\n\r\n');
  return { status: Number(head.slice(9, 12)), head, body: rest.join('\r\n\r\n') };
}
