// A thread with one connection to the SQLite file, so that neither a commit nor a query blocks the sockets of the hub.
// An entry point of its own: it is started as a worker (thread-client.ts).
import { Database } from 'bun:sqlite';
import { describeDamage, findDamage, isDamageError } from './integrity.ts';
import { openReader, openStore } from './sqlite-store.ts';
import type { Store } from './store.ts';
import type {
  Call,
  MethodNames,
  Reply,
  ThreadError,
  ThreadRequest,
  ThreadResponse,
} from './thread-messages.ts';

declare const self: Worker;

type Method = (...args: readonly unknown[]) => Promise<unknown>;
type Methods = Record<string, Method>;

/** The store that is open. `open` is the first message. */
let opened: { store: Store; file: string } | null = null;
let replies: Reply[] = [];

function respond(response: ThreadResponse) {
  self.postMessage(response);
}

self.addEventListener('message', ({ data: request }: MessageEvent<ThreadRequest>) => {
  switch (request.type) {
    case 'open':
      return tryTo(() => {
        const { file } = request;
        const store = request.readonly ? openReader(file) : openStore(file);
        opened = { store, file };
        respond({ type: 'opened', methods: listMethods(store) });
      });
    case 'check':
      return tryTo(() => respond({ type: 'checked', damage: check(request.file) }));
    case 'call':
      for (const call of request.calls) void run(call);
      return undefined;
    default:
      return request satisfies never;
  }
});

function tryTo(work: () => void) {
  try {
    work();
  } catch (error) {
    respond({ type: 'failed', error: describe(error) });
  }
}

async function run([id, table, method, args]: Call) {
  try {
    if (!opened) throw new Error('The store is not open.');
    const owner = (table === null ? opened.store : opened.store[table as keyof Store]) as Methods;
    reply({ id, value: await owner[method]?.(...args) });
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
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (!isDamageError(error) || !opened) return { message, code, isDamage: isDamageError(error) };
  return { message: describeDamage(locateDamage(opened.file) ?? message), code, isDamage: true };
}

/** SQLite's error does not say which page is damaged; a check of the file does. */
function locateDamage(file: string): string | null {
  try {
    return check(file);
  } catch {
    return null;
  }
}

function check(file: string): string | null {
  using database = new Database(file, { readonly: true, strict: true });
  return findDamage(database);
}

function listMethods(store: Store): MethodNames {
  const tables = Object.entries(store).filter(([, member]) => typeof member === 'object');
  return Object.fromEntries(
    tables.map(([table, methods]) => [table, Object.keys(methods as Methods)]),
  );
}
