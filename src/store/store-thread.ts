// A thread with one connection to the SQLite file, or with all connections to a PostgreSQL server, so that neither a commit
// nor a query blocks the sockets of the hub. An entry point of its own: it is started as a worker (thread-client.ts).
import { Database } from 'bun:sqlite';
import { withFence } from './fences.ts';
import {
  describeDamage,
  errorCode,
  findDamage,
  findDamageByTable,
  isDamageError,
} from './integrity.ts';
import { openReader, openStore } from './sqlite-store.ts';
import type { Store } from './store.ts';
import type {
  Call,
  MethodNames,
  Reply,
  StoreLocation,
  ThreadError,
  ThreadRequest,
  ThreadResponse,
} from './thread-messages.ts';

declare const self: Worker;

type Method = (...args: readonly unknown[]) => Promise<unknown>;
type Methods = Record<string, Method>;

/** The store that is open. `open` is the first message. */
let opened: { store: Store; location: StoreLocation } | null = null;
let replies: Reply[] = [];
/** The damage in the file, once a call has met it. */
let located: string | null = null;

function respond(response: ThreadResponse) {
  self.postMessage(response);
}

self.addEventListener('message', ({ data: request }: MessageEvent<ThreadRequest>) => {
  switch (request.type) {
    case 'open':
      return void respondTo(() => open(request.location));
    case 'check':
      return void respondTo(() => check(request.file));
    case 'call':
      for (const call of request.calls) void run(call);
      return undefined;
    default:
      return request satisfies never;
  }
});

async function respondTo(work: () => Promise<ThreadResponse>) {
  try {
    respond(await work());
  } catch (error) {
    respond({ type: 'failed', error: describe(error) });
  }
}

async function open(location: StoreLocation): Promise<ThreadResponse> {
  const store = await openLocation(location);
  opened = { store, location };
  return { type: 'opened', methods: listMethods(store) };
}

async function openLocation(location: StoreLocation): Promise<Store> {
  const onUpgrade = () => respond({ type: 'upgrading' });
  switch (location.kind) {
    case 'sqlite': {
      const { file, readonly } = location;
      if (readonly) return openReader(file);
      const onError = (error: unknown) => respond({ type: 'reported', error: describe(error) });
      return openStore(file, { onUpgrade, onError });
    }
    case 'postgres': {
      const { url, password } = location;
      const { createPostgresStore } = await import('./postgres/postgres-store.ts');
      const onNewer = (version: number) => respond({ type: 'newer', version });
      return createPostgresStore(url, { password, events: { onUpgrade, onNewer } });
    }
    default:
      return location satisfies never;
  }
}

async function check(file: string): Promise<ThreadResponse> {
  using database = new Database(file, { readonly: true, strict: true });
  return { type: 'checked', damage: await findDamageByTable(database) };
}

async function run([id, table, method, args, fence]: Call) {
  try {
    if (!opened) throw new Error('The store is not open.');
    const owner = (table === null ? opened.store : opened.store[table as keyof Store]) as Methods;
    const value = await withFence(fence, () => owner[method]?.(...args));
    // The thread is ended after this reply, so those of the writes that it has committed come first.
    if (method === 'close') await new Promise((resolve) => setImmediate(resolve));
    reply({ id, value });
  } catch (error) {
    reply({ id, error: describe(error) });
  }
}

/** The writes of one commit resolve together, so their replies are one message. */
function reply(one: Reply) {
  replies.push(one);
  if (replies.length > 1) return;
  queueMicrotask(() => {
    respond({ type: 'replies', replies });
    replies = [];
  });
}

function describe(error: unknown): ThreadError {
  const message = error instanceof Error ? error.message : String(error);
  const code = errorCode(error);
  const isDamage = isDamageError(error);
  if (!isDamage || opened?.location.kind !== 'sqlite') return { message, code, isDamage };
  located ??= locateDamage(opened.location.file) ?? message;
  return { message: describeDamage(located), code, isDamage };
}

/** SQLite's error does not say which page is damaged; a check of the file does. */
function locateDamage(file: string): string | null {
  try {
    using database = new Database(file, { readonly: true, strict: true });
    return findDamage(database);
  } catch {
    return null;
  }
}

function listMethods(store: Store): MethodNames {
  const tables = Object.entries(store).filter(([, member]) => typeof member === 'object');
  return Object.fromEntries(
    tables.map(([table, methods]) => [table, Object.keys(methods as Methods)]),
  );
}
