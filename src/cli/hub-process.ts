// Starts and stops a hub with its data folder, store and web server.
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Bus } from '../bus/bus.ts';
import { createCountedWarning } from '../hub/counted-warning.ts';
import type { Hub } from '../hub/hub.ts';
import type { Log } from '../hub/log.ts';
import type { HubSettings } from '../hub/context.ts';
import { systemClock } from '../protocol/clock.ts';
import { HubError } from '../protocol/errors.ts';
import { PASSWORD_MIN_LENGTH } from '../protocol/limits.ts';
import type { ClusterStore } from '../store/cluster.ts';
import { type DataFolder, openDataFolder } from '../store/data-folder.ts';
import { openThreadedPostgresStore } from '../store/postgres/threaded-store.ts';
import {
  openThreadedStore,
  type StoreNotice,
  type ThreadedStore,
} from '../store/threaded-store.ts';
import type { IdentityProviderSettings } from '../web/identity-provider.ts';
import type { Certificate } from '../web/servers.ts';
import { createSigningKeys } from '../web/signing-keys.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { type CertificateFiles, readCertificate, watchCertificate } from './certificate-files.ts';
import { CliError } from './cli-error.ts';
import { type ClusterSettings, defaultNode } from './cluster-options.ts';
import { createFileKeys, createSharedKeys, KEY_NAME } from './key-storage.ts';
import { handleReload } from './signals.ts';
import type { PostgresDatabase } from './store-option.ts';
import { isSystemReady } from './system-ready.ts';

/** How long sockets have to close, and requests to end, before they are terminated. */
const CLOSE_MS = 3_000;
const CLOSE_POLL_MS = 20;
/** Contains what identifies the latest start of this hub among those that share the database. */
const HUB_ID_FILE = 'hub-id';
/** The secret in a database that hubs share. It is worth nothing once an account exists. */
const SETUP_TOKEN = 'setup-token';

export interface HubProcessOptions {
  host: string;
  port: number;
  data: string;
  /** The PostgreSQL database. Null for SQLite in the data folder. */
  database: PostgresDatabase | null;
  /** The name of the hub, and the bus to the other hubs with this database. Null without one that they can share. */
  cluster: ClusterSettings | null;
  publicUrl: string | null;
  /** The certificate for HTTPS. Null serves plain HTTP. */
  certificateFiles: CertificateFiles | null;
  /** The IP addresses and subnets of proxies. */
  trustedProxies: readonly string[];
  /** Password for the account `admin` on the first start. Null offers a setup link instead. */
  adminPassword: string | null;
  /** The identity provider for single sign-on, if there is one. */
  identityProvider: IdentityProviderSettings | null;
  settings: HubSettings;
  log: Log;
}

export type HubProcess = Awaited<ReturnType<typeof startHubProcess>>;

/**
 * Starts a hub.
 * @throws {CliError} if the data folder or the port is in use, the database cannot be opened, or the certificate cannot
 * be used
 */
export async function startHubProcess(options: HubProcessOptions) {
  const { host, data, database, publicUrl, certificateFiles, settings, log } = options;
  const certificate = certificateFiles && readCertificate(certificateFiles, systemClock.now());
  const folder = await openOrFail(data, () => openDataFolder(data));
  const file = folder.resolve('signalbox.db');
  const databaseName = database?.url ?? file;
  // Loaded here, so that other commands start faster, and while the threads of the store start.
  const [opened, { startHub }, { createApp }, { createServers }, { assetBuild }] =
    await Promise.all([
      openOrFail(databaseName, () =>
        openDatabase(database, file, ({ level, message, ...fields }) =>
          log[level](message, fields),
        ),
      ),
      import('../hub/hub.ts'),
      import('../web/app.ts'),
      import('../web/servers.ts'),
      import('../web/assets.ts'),
    ]);
  const { store, damaged, failed } = opened;
  const keyStorage = store.cluster
    ? createSharedKeys(store.cluster, folder)
    : createFileKeys(folder);
  const keyPlace = store.cluster ? databaseName : folder.resolve(KEY_NAME);
  const signingKeys = await openOrFail(keyPlace, () =>
    createSigningKeys({ storage: keyStorage, clock: systemClock, log }),
  );
  const { cluster } = store;
  if (cluster) await openOrFail(databaseName, () => endEarlierRun(cluster, folder));
  const bus = database && (await openOrFail('the bus', () => openBus(database, options)));
  const servers = createServers();
  const hub = await openOrFail(databaseName, () =>
    startHub({
      store,
      clock: systemClock,
      log,
      settings,
      build: assetBuild,
      publisher: servers,
      ...(bus && { bus }),
      self: {
        node: options.cluster?.node ?? defaultNode(hostname()),
        version: packageJson.version,
      },
      reloadSecrets: signingKeys.reload,
      ...(publicUrl !== null && { isSystemReady: () => isSystemReady(publicUrl) }),
    }),
  );
  if (hub.hubId !== undefined) folder.write(HUB_ID_FILE, hub.hubId);
  void damaged.then(hub.storeHealth.reportDamage);
  let failure: Error | null = null;
  const ended = Promise.race([
    failed.then((error) => {
      failure = error;
      log.error('The hub is stopping because its database thread ended.', {
        reason: error.message,
      });
    }),
    hub.unusable.then((error) => {
      failure = error;
      log.error('The hub is stopping because it cannot use the database anymore.', {
        reason: error.message,
      });
    }),
  ]);
  const { adminPassword } = options;
  const hasAccount = await openOrFail(databaseName, async () => {
    if (adminPassword !== null && !(await hub.accounts.exist())) {
      await createAdmin(hub, adminPassword);
    }
    return hub.accounts.exist();
  });
  const setupToken = hasAccount
    ? null
    : await openOrFail(databaseName, () => createSetupToken(store.cluster));
  const { drain, listen, replaceCertificate } = createApp({
    hub,
    clock: systemClock,
    log,
    signingKeys,
    address: host,
    publicUrl,
    certificate,
    servers,
    trustedProxies: options.trustedProxies,
    setupToken,
    identityProvider: options.identityProvider,
    version: packageJson.version,
  });
  let port: number;
  try {
    port = listen(options.port);
  } catch (error) {
    hub.stop();
    // Otherwise, the next start would take this for a crash.
    await store.close();
    throw new CliError(await listenFailure(options, error));
  }
  const scheme = certificate ? 'https' : 'http';
  const localUrl = `${scheme}://${urlHost(host)}:${port}`;
  const url = publicUrl ?? localUrl;
  const stopWatching =
    certificateFiles &&
    certificate &&
    keepCertificateCurrent(
      certificateFiles,
      certificate,
      (replacement) => replaceCertificate(port, replacement),
      log,
    );
  folder.writeOwner(`the hub at ${url} (process ${process.pid})`);

  return {
    hub,
    folder,
    /** The URL for browsers and agents. */
    url,
    /** The URL for processes on this machine. */
    localUrl,
    setupUrl: setupToken === null ? null : `${url}/setup?token=${setupToken}`,
    /** Resolves when the hub can no longer work and must be stopped. */
    ended,
    /**
     * Tells load balancers to choose other hubs, rejects new requests, finishes those in progress, closes all sockets with 1001, commits pending writes and releases the
     * data folder.
     * @throws {CliError} if the hub has lost its database, or cannot use it anymore
     */
    async stop() {
      hub.readiness.startDraining();
      await hub.handOver();
      stopWatching?.();
      signingKeys.stop();
      drain();
      hub.stop();
      const deadline = Date.now() + CLOSE_MS;
      while (servers.countSockets() + servers.countRequests() > 0 && Date.now() < deadline) {
        await Bun.sleep(CLOSE_POLL_MS);
      }
      await servers.stop();
      await hub.leave();
      await bus?.close();
      await store.close();
      folder.release();
      if (failure) throw new CliError(failure.message);
    },
  };
}

/**
 * Creates the account `admin` with a password from the environment.
 * @throws {CliError} if the password is too short
 */
export async function createAdmin({ accounts }: Hub, password: string): Promise<void> {
  if (password.length < PASSWORD_MIN_LENGTH) {
    throw new CliError(
      `SIGNALBOX_ADMIN_PASSWORD must be at least ${PASSWORD_MIN_LENGTH} characters long.`,
    );
  }
  try {
    await accounts.createFirstAdmin(password);
  } catch (error) {
    // Another hub that starts at the same time has created it.
    if (!(error instanceof HubError && error.code === 'forbidden')) throw error;
  }
}

/**
 * Ends the lease of the earlier run of this hub, if it crashed: it has ended, because its data folder is not locked. Otherwise,
 * its name would be in use for some seconds.
 */
async function endEarlierRun(cluster: ClusterStore, folder: DataFolder): Promise<void> {
  const hubId = folder.read(HUB_ID_FILE);
  if (hubId !== null) await cluster.leave(hubId);
}

/** Opens the bus to the other hubs with this database. */
async function openBus(
  { url, password }: PostgresDatabase,
  { cluster, log }: HubProcessOptions,
): Promise<Bus> {
  const warn = createCountedWarning(systemClock, log, 'The bus to the other hubs failed.');
  const onError = (error: unknown) => warn({ error });
  if (cluster?.bus) {
    const { createNatsBus } = await import('../bus/nats-bus.ts');
    return createNatsBus(cluster.bus, { onError });
  }
  const { createPostgresBus } = await import('../bus/postgres-bus.ts');
  return createPostgresBus(url, { onError, password });
}

/** Creates the token of the setup link. Hubs that share a database have the same one. */
async function createSetupToken(cluster: ClusterStore | undefined): Promise<string> {
  const token = randomBytes(24).toString('base64url');
  await cluster?.writeSecret(SETUP_TOKEN, token, null);
  return (await cluster?.readSecret(SETUP_TOKEN)) ?? token;
}

async function openDatabase(
  database: PostgresDatabase | null,
  file: string,
  onNotice: (notice: StoreNotice) => void,
): Promise<ThreadedStore> {
  if (!database) return openThreadedStore(file, onNotice);
  try {
    return await openThreadedPostgresStore(database.url, database.password, onNotice);
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error));
  }
}

/** Converts errors to a CliError. System and SQLite errors have a code and do not always name the path. */
async function openOrFail<T>(path: string, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CliError('code' in error ? `Cannot open ${path}: ${error.message}` : error.message);
  }
}

/** Replaces the certificate when its files change, checked every minute and at SIGHUP. Returns a function that stops it. */
function keepCertificateCurrent(
  files: CertificateFiles,
  current: Certificate,
  onChange: (certificate: Certificate) => void,
  log: Log,
): () => void {
  const watch = watchCertificate(files, { clock: systemClock, log, current, onChange });
  const ignoreReload = handleReload(watch.reload);
  return () => {
    ignoreReload();
    watch.stop();
  };
}

/** An address as it is written in a URL. */
function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Describes why the server cannot listen. Identifies the hub that uses the port, if there is one. */
async function listenFailure({ host, port }: HubProcessOptions, error: unknown): Promise<string> {
  const other = await Promise.any(
    ['http', 'https'].map((scheme) => readHealth(`${scheme}://${urlHost(host)}:${port}`)),
  ).catch(() => null);
  if (other?.name === 'signalbox') {
    return `Another hub (process ${other.pid}) already uses port ${port}. Stop it, or choose another port with --port.`;
  }
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `Port ${port} is already in use. Choose another port with --port.`;
  }
  return `Cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}`;
}

async function readHealth(url: string): Promise<{ name?: string; pid?: number }> {
  const response = await fetch(`${url}/healthz`, {
    signal: AbortSignal.timeout(1_000),
    // Its certificate is for another name, and nothing secret is sent.
    tls: { rejectUnauthorized: false },
  });
  return (await response.json()) as { name?: string; pid?: number };
}
