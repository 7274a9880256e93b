// Two hubs of one system in this process: they share a PostgreSQL database and a bus that a test can cut. Each has a clock of
// its own.
import { createInProcessBus } from '../../../src/bus/in-process.ts';
import type { Bus } from '../../../src/bus/bus.ts';
import type { KnownSchema } from '../../../src/store/postgres/migrations.ts';
import { createPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { cacheUsers } from '../../../src/store/user-cache.ts';
import { connectDashboard } from './dashboard.ts';
import type { useDatabase } from '../postgres-store.ts';
import { startTestHub } from './hub.ts';
import { connectAgent } from './scripted-agent.ts';

export type LinkedHub = Awaited<ReturnType<typeof startLinkedHub>>;

/**
 * Starts the hubs.
 * @param url an empty database, or one with tables
 * @param schemaOfA what hub A knows if it has another version
 */
export async function startLinkedHubs(url: string, schemaOfA?: KnownSchema) {
  const bus = createInProcessBus();
  const a = await startLinkedHub(url, 'hub-a', bus.connect(console.error), schemaOfA);
  const b = await startLinkedHub(url, 'hub-b', bus.connect(console.error));
  return {
    a,
    b,
    /** Creates another endpoint of the bus. */
    connect: () => bus.connect(console.error),
    async [Symbol.asyncDispose]() {
      for (const hub of [a, b]) {
        hub.hub.stop();
        hub.store.clearFaults();
        await hub[Symbol.asyncDispose]();
      }
    },
  };
}

async function startLinkedHub(url: string, node: string, endpoint: Bus, schema?: KnownSchema) {
  let isCut = false;
  const bus: Bus = {
    ...endpoint,
    publish: (topic, message) => {
      if (!isCut) endpoint.publish(topic, message);
    },
    subscribe: (topic, handle) =>
      endpoint.subscribe(topic, (message) => {
        if (!isCut) handle(message);
      }),
  };
  const hub = await startTestHub({
    node,
    bus,
    async openStore() {
      const store = await createPostgresStore(url, schema && { schema });
      return { ...store, users: await cacheUsers(store.users) };
    },
  });
  return {
    ...hub,
    node,
    /** Loses all messages from and to this hub. */
    cut: () => void (isCut = true),
    /** Connects it again. What was lost stays lost. */
    restore: () => void (isCut = false),
  };
}

type Peer = Pick<Awaited<ReturnType<typeof connectDashboard>>, 'ping'>;

/** Lets the time of a hub pass, in steps, until a condition is met. */
export async function passUntil(
  hub: LinkedHub,
  peer: Peer,
  isMet: () => boolean,
  stepMs = 500,
): Promise<void> {
  while (!isMet()) {
    await hub.advance(stepMs, peer);
    await hub.flush();
  }
}

/** Lets the time of a hub pass until a promise is settled. */
export async function passUntilSettled<T>(
  hub: LinkedHub,
  peer: Peer,
  promise: Promise<T>,
): Promise<T> {
  let isSettled = false;
  const settled = promise.finally(() => (isSettled = true));
  await passUntil(hub, peer, () => isSettled);
  return settled;
}

/** Whether a hub has logged a message that starts like this. */
export const hasLogged = ({ logEntries }: LinkedHub, start: string): boolean =>
  logEntries.some(({ message }) => message.startsWith(start));

/** Starts a command on hub A, whose dashboard and that of hub B see it. */
export async function startCommand({ a, b }: { a: LinkedHub; b: LinkedHub }) {
  const agent = await connectAgent(a);
  const here = await connectDashboard(a, { userId: 'ada' });
  const there = await connectDashboard(b, { userId: 'bob' });
  await there.waitForAgentStatus('online');
  const commandId = await here.request('work');
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  agent.sendOutput(commandId, 'stored ');
  await agent.waitForAck(commandId, 1);
  await there.waitForStatus(commandId, 'running');
  return { agent, here, there, commandId };
}

export const ADMIN = { userId: 'root', role: 'admin' as const, agents: null };

/** Makes a hub seem dead for the others. */
export const endLease = (
  { execute }: Pick<ReturnType<typeof useDatabase>, 'execute'>,
  { node }: LinkedHub,
): Promise<unknown> => execute(`UPDATE hubs SET lease_ends_at = 0 WHERE node = '${node}'`);

/** Makes a hub seem dead: its lease has ended, and it hears and says nothing. */
export async function kill(
  database: Pick<ReturnType<typeof useDatabase>, 'execute'>,
  hub: LinkedHub,
): Promise<void> {
  hub.cut();
  await endLease(database, hub);
}
