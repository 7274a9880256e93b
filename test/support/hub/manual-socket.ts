// The client's end of a WebSocket, on a plain TCP connection: it can stop reading, and answers pings only when told to.
import { connect as connectTcp, type Socket } from 'node:net';
import type { ClientSocket, SocketHandlers } from './client-socket.ts';
import { createClientFrame, readFrameHeader } from './frame-header.ts';

export interface ManualSocket extends ClientSocket {
  /** Stops reading, so that frames from the hub accumulate on the way. */
  pause(): void;
  resume(): void;
  /** Sets whether pings are answered; at first they are not. */
  answerPings(isEnabled: boolean): void;
  /** Returns the number of pings received. */
  countPings(): number;
  sendPong(payload: string): void;
  /** Sends a close frame without a close code. */
  closeWithoutCode(): void;
}

const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
/** Reported for a close frame without a code, and for a close without a frame (RFC 6455, section 7.4.1). */
const NO_STATUS = 1005;
const ABNORMAL_CLOSURE = 1006;

/** Opens a socket; rejects if the hub rejects the upgrade. */
export async function openManualSocket(
  url: string,
  handlers: SocketHandlers,
): Promise<ManualSocket> {
  const { hostname, port, pathname } = new URL(url);
  const tcp = connectTcp({ host: hostname, port: Number(port) });
  tcp.on('error', () => {});
  tcp.setNoDelay(true);
  const upgraded = Promise.withResolvers<void>();
  const pongs: (() => void)[] = [];
  let buffer: Buffer = Buffer.alloc(0);
  let isOpen = false;
  let isClosed = false;
  let answersPings = false;
  let pings = 0;

  function onClose(code: number, reason: string) {
    if (isClosed) return;
    isClosed = true;
    handlers.onClose(code, reason);
  }

  tcp.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  tcp.on('close', () => onClose(ABNORMAL_CLOSURE, ''));
  tcp.on('data', (bytes: Buffer) => {
    buffer = Buffer.concat([buffer, bytes]);
    if (!isOpen) {
      const end = buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      isOpen = true;
      const status = buffer.toString('latin1', 0, 12);
      buffer = buffer.subarray(end + 4);
      if (status === 'HTTP/1.1 101') upgraded.resolve();
      else upgraded.reject(new Error(`The upgrade was rejected: ${status}.`));
    }
    let offset = 0;
    for (;;) {
      const frame = readFrame(buffer, offset);
      if (!frame) break;
      offset = frame.end;
      handleFrame(frame.opcode, frame.payload);
    }
    buffer = buffer.subarray(offset);
  });

  function handleFrame(opcode: number, payload: Buffer) {
    if (opcode === OPCODE.text) handlers.onFrame(payload.toString('utf8'));
    if (opcode === OPCODE.binary) handlers.onFrame(new Uint8Array(payload));
    if (opcode === OPCODE.pong) pongs.shift()?.();
    if (opcode === OPCODE.ping) {
      pings += 1;
      if (answersPings) writeFrame(tcp, OPCODE.pong, payload);
    }
    if (opcode === OPCODE.close) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : NO_STATUS;
      onClose(code, payload.toString('utf8', 2));
      writeFrame(tcp, OPCODE.close, payload);
      tcp.end();
    }
  }

  await upgraded.promise;
  return {
    sendFrame(frame) {
      if (typeof frame === 'string') writeFrame(tcp, OPCODE.text, Buffer.from(frame));
      else writeFrame(tcp, OPCODE.binary, Buffer.from(frame));
    },
    ping: () =>
      new Promise((resolve) => {
        pongs.push(resolve);
        writeFrame(tcp, OPCODE.ping, Buffer.alloc(0));
      }),
    close(code = 1000, reason = '') {
      const payload = Buffer.alloc(2);
      payload.writeUInt16BE(code);
      writeFrame(tcp, OPCODE.close, Buffer.concat([payload, Buffer.from(reason)]));
    },
    terminate: () => tcp.destroy(),
    pause: () => void tcp.pause(),
    resume: () => void tcp.resume(),
    answerPings(isEnabled) {
      answersPings = isEnabled;
    },
    countPings: () => pings,
    sendPong: (payload) => writeFrame(tcp, OPCODE.pong, Buffer.from(payload)),
    closeWithoutCode: () => writeFrame(tcp, OPCODE.close, Buffer.alloc(0)),
  };
}

/** Reads a complete frame of the server, which is never masked; null while it is incomplete. */
function readFrame(buffer: Buffer, offset: number) {
  const header = readFrameHeader(buffer, offset);
  if (!header) return null;
  const start = offset + header.headerBytes;
  const end = start + header.payloadBytes;
  if (buffer.length < end) return null;
  return { opcode: header.opcode, payload: buffer.subarray(start, end), end };
}

function writeFrame(tcp: Socket, opcode: number, payload: Buffer) {
  tcp.write(createClientFrame(opcode, payload));
}
