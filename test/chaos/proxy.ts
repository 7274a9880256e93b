// A TCP proxy before the hub, one for each client, and what can go wrong in a network between the two.
import { connect, createServer, type Socket } from 'node:net';
import { createLane, type Direction, type Weather } from './lane.ts';
import type { Prng } from './prng.ts';

interface Pipe {
  client: Socket;
  hub: Socket;
  /** Ends both, as a network does that forgets a connection. */
  cut(): void;
  /** The client is gone, and the hub does not know it. */
  haunt(): void;
}

export type Proxy = Awaited<ReturnType<typeof openProxy>>;

/** @param hubPort where the hub is at the moment */
export async function openProxy(hubPort: () => number, prng: Prng) {
  const weather: Weather = { delayMs: 0, trickles: false, stall: null, repeats: 0, breaks: null };
  const pipes = new Set<Pipe>();
  const ghosts = new Set<Socket>();
  let repeated = 0;
  let broken = 0;

  const server = createServer((client) => {
    const hub = connect({ host: '127.0.0.1', port: hubPort() });
    for (const socket of [client, hub]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
    }
    const events = {
      broken: () => {
        broken += 1;
        pipe.cut();
      },
      repeated: () => void (repeated += 1),
    };
    const lanes = [
      createLane('up', [client, hub], weather, prng.fork('up'), events),
      createLane('down', [hub, client], weather, prng.fork('down'), events),
    ];
    const forget = () => {
      pipes.delete(pipe);
      for (const lane of lanes) lane.cut();
    };
    const pipe: Pipe = {
      client,
      hub,
      cut() {
        forget();
        client.resetAndDestroy();
        hub.resetAndDestroy();
      },
      haunt() {
        forget();
        client.resetAndDestroy();
        ghosts.add(hub);
      },
    };
    pipes.add(pipe);
    hub.on('close', () => {
      if (client.destroyed) pipes.delete(pipe);
    });
    client.on('close', () => {
      if (hub.destroyed) pipes.delete(pipe);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  function flow(): void {
    weather.stall?.resolve();
    weather.stall = null;
    for (const { client, hub } of pipes) for (const socket of [client, hub]) socket.resume();
  }

  return {
    port,
    weather,
    get repeated() {
      return repeated;
    },
    get broken() {
      return broken;
    },
    /** How many connections there are. */
    live: () => pipes.size,
    /** Resets every connection. */
    cut() {
      for (const pipe of pipes) pipe.cut();
    },
    /** Resets the client's end of every connection; the hub's end stays, and hears nothing, until `exorcise`. */
    haunt() {
      for (const pipe of pipes) pipe.haunt();
    },
    exorcise() {
      for (const ghost of ghosts) ghost.destroy();
      ghosts.clear();
    },
    stall() {
      weather.stall ??= Promise.withResolvers();
    },
    flow,
    /** Cuts in the middle of the next frame that goes in a direction. */
    breakNext(direction: Direction) {
      weather.breaks = direction;
    },
    /** Ends all faults. */
    calm() {
      Object.assign(weather, { delayMs: 0, trickles: false, repeats: 0, breaks: null });
      flow();
      for (const ghost of ghosts) ghost.destroy();
      ghosts.clear();
    },
    close() {
      flow();
      for (const pipe of pipes) pipe.cut();
      for (const ghost of ghosts) ghost.destroy();
      server.close();
    },
  };
}
