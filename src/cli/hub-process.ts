// A hub as a process: its data folder, store, hub and doors, from the first lock to the last commit.
import { randomBytes } from 'node:crypto';
import { startHub } from '../hub/hub.ts';
import type { Log } from '../hub/log.ts';
import type { HubSettings } from '../hub/state/server-state.ts';
import { systemClock } from '../protocol/clock.ts';
import { openDataFolder } from '../store/data-folder.ts';
import { openStore } from '../store/sqlite-store.ts';
import { createApp } from '../web/app.ts';
import { assetBuild } from '../web/assets.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { Failure } from './failure.ts';

/** How long sockets have to close before they are cut. */
const CLOSE_MS = 3_000;
const CLOSE_LOOK_MS = 20;

export interface HubProcessOptions {
  host: string;
  port: number;
  data: string;
  publicUrl: string | null;
  /** Creates `admin` where there is no account yet; without it a setup link is offered. */
  adminPassword: string | null;
  settings: HubSettings;
  log: Log;
}

export type HubProcess = Awaited<ReturnType<typeof startHubProcess>>;

/**
 * Starts a hub.
 * @throws {Failure} when the data folder or the port is taken, or the database cannot be used
 */
export async function startHubProcess(options: HubProcessOptions) {
  const { host, data, publicUrl, settings, log } = options;
  const folder = attempt(() => openDataFolder(data));
  const store = attempt(() => openStore(folder.path('signalbox.db')), folder.path('signalbox.db'));
  // Nobody listens before the doors are open.
  let server: typeof app.server = null;
  const hub = await startHub({
    store,
    clock: systemClock,
    log,
    settings,
    build: assetBuild,
    publish: (topic, frame) => server?.publish(topic, frame),
  });
  if (options.adminPassword !== null && (await hub.accounts.areMissing())) {
    await hub.accounts.createFirstAdmin(options.adminPassword);
  }
  const setupToken = (await hub.accounts.areMissing())
    ? randomBytes(24).toString('base64url')
    : null;
  const { app, drain, listen } = createApp({
    hub,
    clock: systemClock,
    log,
    secret: folder.secret('jwt-secret', () => randomBytes(48).toString('base64url')),
    publicUrl,
    setupToken,
    version: packageJson.version,
  });
  try {
    listen({ hostname: host, port: options.port });
    server = app.server;
  } catch (error) {
    throw new Failure(await whyNoPort(options, error));
  }
  const shown = host.includes(':') ? `[${host}]` : host;
  const local = `http://${shown}:${app.server?.port ?? options.port}`;
  const url = publicUrl ?? local;
  folder.announce(`the hub at ${url} (process ${process.pid})`);

  return {
    hub,
    folder,
    /** Where browsers and agents reach it. */
    url,
    /** Where this machine reaches it. */
    local,
    setupUrl: setupToken === null ? null : `${url}/setup?token=${setupToken}`,
    /** Closes every socket with 1001, commits everything, and lets go of the folder. */
    async stop() {
      drain();
      hub.stop();
      const deadline = Date.now() + CLOSE_MS;
      while ((app.server?.pendingWebSockets ?? 0) > 0 && Date.now() < deadline) {
        await Bun.sleep(CLOSE_LOOK_MS);
      }
      await app.server?.stop(true);
      await store.close();
      folder.release();
    },
  };
}

/** What a person is told of a folder or a database that cannot be used. */
function attempt<T>(open: () => T, file?: string): T {
  try {
    return open();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(file === undefined ? reason : `${file} cannot be used: ${reason}`);
  }
}

/** Who has the port, as far as it tells. */
async function whyNoPort({ host, port }: HubProcessOptions, error: unknown): Promise<string> {
  const reason = error instanceof Error ? error.message : String(error);
  const other = await fetch(`http://${host}:${port}/healthz`, {
    signal: AbortSignal.timeout(1_000),
  })
    .then((answer) => answer.json() as Promise<{ name?: string; pid?: number }>)
    .catch(() => null);
  if (other?.name !== 'signalbox') return `Cannot listen on ${host}:${port}: ${reason}`;
  return `Port ${port} is taken by another Signalbox hub, process ${other.pid}: stop it, or use --port.`;
}
