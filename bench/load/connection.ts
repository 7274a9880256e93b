// The client's end of a WebSocket on a plain TCP connection. It costs less than Bun's WebSocket, so that the server and not
// the load generator is measured, and it can read at a limited rate.
import { createClientFrame } from '../../test/support/hub/frame-header.ts';
import { createFrameReader } from './frame-reader.ts';

const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** Receives the payload of a text frame: `bytes` from `start` to `end`, exclusive, valid only during the call. */
export type OnText = (bytes: Buffer, start: number, end: number, from: Connection) => void;

export interface Connection {
  send(text: string): void;
  /** Limits the rate of reading, in bytes per second: 0 stops it, null removes the limit. */
  limitRate(bytesPerSecond: number | null): void;
  close(): void;
}

/**
 * Opens a connection.
 * @throws if the server rejects the upgrade. A later loss of the connection ends the process: the figures would be wrong
 */
export async function openConnection(
  url: string,
  headers: Record<string, string>,
  onText: OnText,
): Promise<Connection> {
  const { hostname, port, pathname, search } = new URL(url);
  const upgraded = Promise.withResolvers<void>();
  let head = '';
  let isOpen = false;
  let isClosing = false;
  let rate: number | null = null;
  /** When the bytes read so far have passed a link with this rate. */
  let linkIsFreeAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let unsent: Buffer[] = [];

  const readFrames = createFrameReader((opcode, bytes, start, end) => {
    if (opcode === OPCODE.text) onText(bytes, start, end, connection);
    if (opcode === OPCODE.ping) write(createClientFrame(OPCODE.pong, bytes.subarray(start, end)));
    if (opcode === OPCODE.close) fail(`closed with ${bytes.toString('utf8', start + 2, end)}`);
  });

  function fail(reason: string): void {
    if (isClosing) return;
    const error = new Error(`The connection to ${url} was ${reason}.`);
    if (isOpen) throw error;
    upgraded.reject(error);
  }

  /** Waits as long as a link with the limited rate needs for these bytes. */
  function wait(bytes: number): void {
    if (rate === null) return;
    socket.pause();
    if (rate === 0) return;
    const now = performance.now();
    linkIsFreeAt = Math.max(now, linkIsFreeAt) + (bytes / rate) * 1000;
    timer = setTimeout(() => socket.resume(), linkIsFreeAt - now);
  }

  function write(bytes: Buffer): void {
    if (unsent.length > 0) return void unsent.push(bytes);
    const written = socket.write(bytes);
    if (written < bytes.length) unsent.push(bytes.subarray(Math.max(written, 0)));
  }

  function flush(): void {
    const waiting = unsent;
    unsent = [];
    for (const bytes of waiting) write(bytes);
  }

  const connection: Connection = {
    send: (text) => write(createClientFrame(OPCODE.text, Buffer.from(text))),
    limitRate(bytesPerSecond) {
      clearTimeout(timer);
      rate = bytesPerSecond;
      linkIsFreeAt = 0;
      if (rate === 0) socket.pause();
      else socket.resume();
    },
    close() {
      isClosing = true;
      clearTimeout(timer);
      socket.end();
    },
  };

  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      binaryType: 'buffer',
      data(_socket, bytes: Buffer) {
        wait(bytes.length);
        if (isOpen) return readFrames(bytes);
        head += bytes.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!head.startsWith('HTTP/1.1 101')) return fail(`rejected: ${head.slice(9, 12)}`);
        isOpen = true;
        upgraded.resolve();
        readFrames(Buffer.from(head.slice(end + 4), 'latin1'));
      },
      drain: flush,
      close: () => fail('lost'),
    },
  });
  const fields = { Host: `${hostname}:${port}`, Upgrade: 'websocket', Connection: 'Upgrade' };
  const handshake = {
    ...fields,
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  };
  const lines = Object.entries(handshake).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`);
  await upgraded.promise;
  return connection;
}
