// A test's end of a WebSocket: Bun's own client, which answers pings and reads at once, or a bare TCP connection that
// does neither unless it is told to.
import { connect as connectTcp, type Socket } from 'node:net';

export interface WireEvents {
  frame(frame: string | Uint8Array): void;
  closed(code: number, reason: string): void;
}

export interface Wire {
  send(frame: string | Uint8Array): void;
  /** Resolves once the hub has answered a ping: everything sent before has been heard. */
  ping(): Promise<void>;
  close(code?: number, reason?: string): void;
  /** Ends the connection without a close frame. */
  cut(): void;
}

/** What Bun's client has beside the standard. */
interface BunExtras {
  ping(): void;
  terminate(): void;
}

/** Opens a socket; rejects where the hub does not let it in. */
export function openWire(url: string, on: WireEvents): Promise<Wire> {
  const ws = new WebSocket(url) as WebSocket & BunExtras;
  ws.binaryType = 'arraybuffer';
  const pongs: (() => void)[] = [];
  ws.addEventListener('message', ({ data }) =>
    on.frame(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer)),
  );
  (ws as EventTarget).addEventListener('pong', () => pongs.shift()?.());
  const wire: Wire = {
    send: (frame) => ws.send(frame as string),
    ping: () =>
      new Promise((resolve) => {
        pongs.push(resolve);
        ws.ping();
      }),
    close: (code = 1000, reason = '') => ws.close(code, reason),
    cut: () => ws.terminate(),
  };
  return new Promise((resolve, reject) => {
    ws.addEventListener('open', () => resolve(wire));
    ws.addEventListener('close', ({ code, reason }) => {
      on.closed(code, reason);
      reject(new Error(`closed with ${code} ${reason}`));
    });
  });
}

export interface BareWire extends Wire {
  /** Stops reading: what the hub sends piles up on its way. */
  pause(): void;
  resume(): void;
  /** Answers pings from now on, or no longer. */
  answerPings(yes: boolean): void;
  /** How many pings the hub has sent. */
  readonly pings: number;
}

const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The same over bare TCP: it reads when it wants to, and answers pings if it is told to. */
export async function openBareWire(url: string, on: WireEvents): Promise<BareWire> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connectTcp({ host: hostname, port: Number(port) });
  socket.on('error', () => {});
  socket.setNoDelay(true);
  const opened = Promise.withResolvers<void>();
  const pongs: (() => void)[] = [];
  let buffer: Buffer = Buffer.alloc(0);
  let isOpen = false;
  let isOver = false;
  let answers = false;
  let pings = 0;

  function over(code: number, reason: string) {
    if (isOver) return;
    isOver = true;
    on.closed(code, reason);
  }

  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  socket.on('close', () => over(1006, ''));
  socket.on('data', (bytes: Buffer) => {
    buffer = Buffer.concat([buffer, bytes]);
    if (!isOpen) {
      const end = buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      isOpen = true;
      const status = buffer.toString('latin1', 0, 12);
      buffer = buffer.subarray(end + 4);
      if (status === 'HTTP/1.1 101') opened.resolve();
      else opened.reject(new Error(status));
    }
    let offset = 0;
    for (;;) {
      const frame = readFrame(buffer, offset);
      if (!frame) break;
      offset = frame.end;
      handle(frame.opcode, frame.payload);
    }
    buffer = buffer.subarray(offset);
  });

  function handle(opcode: number, payload: Buffer) {
    if (opcode === OPCODE.text) on.frame(payload.toString('utf8'));
    if (opcode === OPCODE.binary) on.frame(new Uint8Array(payload));
    if (opcode === OPCODE.pong) pongs.shift()?.();
    if (opcode === OPCODE.ping) {
      pings += 1;
      if (answers) write(socket, OPCODE.pong, payload);
    }
    if (opcode === OPCODE.close) {
      over(payload.length >= 2 ? payload.readUInt16BE(0) : 1005, payload.toString('utf8', 2));
      write(socket, OPCODE.close, payload);
      socket.end();
    }
  }

  await opened.promise;
  return {
    send(frame) {
      if (typeof frame === 'string') write(socket, OPCODE.text, Buffer.from(frame));
      else write(socket, OPCODE.binary, Buffer.from(frame));
    },
    ping: () =>
      new Promise((resolve) => {
        pongs.push(resolve);
        write(socket, OPCODE.ping, Buffer.alloc(0));
      }),
    close(code = 1000, reason = '') {
      const payload = Buffer.alloc(2);
      payload.writeUInt16BE(code);
      write(socket, OPCODE.close, Buffer.concat([payload, Buffer.from(reason)]));
    },
    cut: () => socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    answerPings(yes) {
      answers = yes;
    },
    get pings() {
      return pings;
    },
  };
}

/** One whole frame of a server, which masks nothing. */
function readFrame(buffer: Buffer, at: number) {
  if (buffer.length < at + 2) return null;
  const opcode = (buffer[at] ?? 0) & 0x0f;
  let length = (buffer[at + 1] ?? 0) & 0x7f;
  let start = at + 2;
  if (length === 126) {
    if (buffer.length < start + 2) return null;
    length = buffer.readUInt16BE(start);
    start += 2;
  } else if (length === 127) {
    if (buffer.length < start + 8) return null;
    length = Number(buffer.readBigUInt64BE(start));
    start += 8;
  }
  if (buffer.length < start + length) return null;
  return { opcode, payload: buffer.subarray(start, start + length), end: start + length };
}

/** Writes a frame with a mask of zeroes, as a client must mask. */
function write(socket: Socket, opcode: number, payload: Buffer) {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14);
  header[0] = 0x80 | opcode;
  if (length < 126) header[1] = 0x80 | length;
  else if (length < 65_536) {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = 0x80 | 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  socket.write(Buffer.concat([header, payload]));
}
