// The client's end of a WebSocket, on Bun's own client: it reads continuously and answers pings at once.

export interface SocketHandlers {
  onFrame(frame: string | Uint8Array): void;
  onClose(code: number, reason: string): void;
}

export interface ClientSocket {
  sendFrame(frame: string | Uint8Array): void;
  /** Resolves with the pong: by then, the hub has handled everything sent before. */
  ping(): Promise<void>;
  close(code?: number, reason?: string): void;
  /** Drops the connection without a close frame. */
  terminate(): void;
}

/** Bun's additions to the standard WebSocket. */
interface BunExtensions {
  ping(): void;
  terminate(): void;
}

/** Bun's constructor. The types of the browser's have precedence. */
type Constructor = new (
  url: string,
  options: { tls: { rejectUnauthorized: boolean } },
) => WebSocket & BunExtensions;

/** Opens a socket; rejects if the hub rejects the upgrade. */
export function openSocket(url: string, handlers: SocketHandlers): Promise<ClientSocket> {
  const ws = new (WebSocket as unknown as Constructor)(url, { tls: { rejectUnauthorized: false } });
  ws.binaryType = 'arraybuffer';
  const pongs: (() => void)[] = [];
  ws.addEventListener('message', ({ data }) =>
    handlers.onFrame(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer)),
  );
  (ws as EventTarget).addEventListener('pong', () => pongs.shift()?.());
  const socket: ClientSocket = {
    sendFrame: (frame) => ws.send(frame as string),
    ping: () =>
      new Promise((resolve) => {
        pongs.push(resolve);
        ws.ping();
      }),
    close: (code = 1000, reason = '') => ws.close(code, reason),
    terminate: () => ws.terminate(),
  };
  return new Promise((resolve, reject) => {
    ws.addEventListener('open', () => resolve(socket));
    ws.addEventListener('close', ({ code, reason }) => {
      handlers.onClose(code, reason);
      reject(new Error(`The socket was closed with ${code} ${reason}.`));
    });
  });
}
