// Connects readers and sources to one of the peers, which pass on to all readers what a source sends.
import { openConnection } from './connection.ts';
import {
  encodeChunk,
  type Reader,
  type Source,
  type Target,
  type TargetOptions,
} from './target.ts';

type PeerOptions = Extract<TargetOptions, { protocol: 'publish' | 'socket-io' }>;

/** Types of packets of Engine.IO 4 and Socket.IO 5, as their first characters. */
const PACKET = { open: '0', ping: '2', pong: '3', connect: '40', event: '42' } as const;

export async function connectPeer(options: PeerOptions): Promise<Target> {
  const isSocketIo = options.protocol === 'socket-io';
  const openReader = isSocketIo ? openSocketIo : openPlain;
  const readers: Reader[] = [];
  while (readers.length < options.readers) {
    const reader = await openReader(options.url);
    reader.connection.send(isSocketIo ? `${PACKET.event}["subscribe"]` : 'subscribe');
    readers.push(reader);
  }
  const sources: Source[] = [];
  while (sources.length < options.sources) {
    const { connection } = await openReader(options.url);
    const commandId = crypto.randomUUID();
    sources.push({
      begin: () => Promise.resolve(0),
      send(sequence, data) {
        const chunk = encodeChunk(commandId, sequence, data);
        connection.send(isSocketIo ? `${PACKET.event}["output",${chunk}]` : chunk);
      },
      end: () => Promise.resolve(),
    });
  }
  return {
    ...options,
    readers,
    sources,
    openReader: () => openReader(options.url),
    reportsEnd: false,
  };
}

async function openPlain(url: string): Promise<Reader> {
  const connection = await openConnection(`${url}/`, {}, (bytes, start, end, from) =>
    reader.onText(bytes, start, end, from),
  );
  const reader: Reader = { connection, onText() {} };
  return reader;
}

async function openSocketIo(url: string): Promise<Reader> {
  const connected = Promise.withResolvers<void>();
  const reader: Omit<Reader, 'connection'> = { onText() {} };
  const connection = await openConnection(
    `${url}/socket.io/?EIO=4&transport=websocket`,
    {},
    (bytes, start, end, from) => {
      const type = bytes.toString('latin1', start, Math.min(start + 2, end));
      if (type === PACKET.event) reader.onText(bytes, start, end, from);
      else if (type === PACKET.connect) connected.resolve();
      else if (type === PACKET.ping) from.send(PACKET.pong);
      else if (type.startsWith(PACKET.open)) from.send(PACKET.connect);
    },
  );
  await connected.promise;
  return Object.assign(reader, { connection });
}
