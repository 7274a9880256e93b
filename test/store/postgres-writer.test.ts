// The queue of writes to PostgreSQL, while a connection is lost.
import { expect, test } from 'bun:test';
import { unreachable } from '../../src/store/postgres/errors.ts';
import { createBackoff } from '../../src/store/postgres/reconnect.ts';
import type { WriterSession } from '../../src/store/postgres/writer-session.ts';
import { createWriter } from '../../src/store/postgres/writer.ts';
import { rejectionOf } from '../support/rejection.ts';

const nothing = () => Promise.resolve();

function createSession(fields: Partial<WriterSession> = {}): WriterSession {
  return {
    id: 'session',
    db: {} as never,
    isOpen: true,
    begin: () => Promise.resolve(1),
    commit: nothing,
    rollBack: nothing,
    endOther: () => Promise.resolve(1),
    close: nothing,
    abort: nothing,
    ...fields,
  };
}

test('writes succeed after others were rejected while the outcome of a commit was unknown', async () => {
  const commit = Promise.withResolvers<void>();
  const next = Promise.withResolvers<WriterSession>();
  const sessions = [
    Promise.resolve(createSession({ commit: () => commit.promise })),
    next.promise,
    Promise.resolve(createSession()),
  ];
  const writer = createWriter(
    { get: () => sessions.shift() ?? Promise.resolve(createSession()), close: nothing },
    createBackoff(),
  );
  const first = writer.write(nothing);
  await new Promise((resolve) => void setImmediate(resolve));
  commit.reject(unreachable('The connection was lost.'));
  const rejected = [writer.writeDeferred(nothing), writer.write(nothing)].map(rejectionOf);
  next.reject(unreachable('The server is starting.'));
  expect(await Promise.all(rejected)).toEqual(Array(2).fill(expect.stringContaining('starting')));
  await first;
  await writer.write(nothing);
  await writer.writeDeferred(nothing);
  await writer.close();
});
