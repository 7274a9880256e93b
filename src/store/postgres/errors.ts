// The errors of a PostgreSQL store. Their messages contain no parameters and no password.
import { SQL } from 'bun';
import { UNREACHABLE_CODE } from '../store.ts';
import type { DatabaseAddress } from './address.ts';

/** What happened to a query: the server refused it, or there was no answer. */
type Kind = 'refused' | 'lost';

/** A query that failed. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly kind: Kind;
  /** The SQLSTATE, if the server sent one. */
  readonly state: string | undefined;
  /** What the hub knows errors by. */
  readonly code: string | undefined;

  constructor(message: string, kind: Kind, state?: string) {
    super(message);
    this.kind = kind;
    this.state = state;
    this.code = kind === 'lost' ? UNREACHABLE_CODE : state;
  }
}

/** SQLSTATE of a statement that took longer than `statement_timeout`. */
export const QUERY_CANCELED = '57014';
const DEADLOCK = '40P01';

/** The classes of errors with which a server ends a connection, and Bun's codes for connections that fail. */
const ENDED = /^(?:57P|08)/;
const UNREACHABLE = /CONNECTION|TIMEOUT|AUTHENTICATION|TLS/;

/** Converts what Bun or drizzle has thrown. drizzle's message would contain the parameters. */
export function toDatabaseError(error: unknown): Error {
  if (error instanceof DatabaseError) return error;
  if (error instanceof SQL.PostgresError) {
    const { message, code, errno: state, severity } = error;
    const isEnd = state === undefined ? UNREACHABLE.test(code) : ENDED.test(state);
    if (isEnd || severity === 'FATAL') return unreachable(message, state);
    return new DatabaseError(message, 'refused', state);
  }
  if (error instanceof Error && error.cause !== undefined) return toDatabaseError(error.cause);
  return error instanceof Error ? error : new Error(String(error));
}

const UNREACHABLE_PREFIX = 'The database cannot be reached: ';

export const unreachable = (reason: string, state?: string): DatabaseError =>
  new DatabaseError(UNREACHABLE_PREFIX + reason, 'lost', state);

/** Whether the connection has ended, so that it is not known what it has executed last. */
export const isLost = (error: unknown): boolean =>
  error instanceof DatabaseError && error.kind === 'lost';

/** Whether the server has answered that it did not do what it was asked to do. */
export const isRefused = (error: unknown): boolean =>
  error instanceof DatabaseError && error.kind === 'refused' && error.state !== undefined;

/** Whether a transaction was rolled back because it and another one were waiting for each other. */
export const isDeadlock = (error: unknown): boolean =>
  error instanceof DatabaseError && error.state === DEADLOCK;

/** What to do about errors that mean that a database was not set up for the hub, by SQLSTATE. */
const ADVICE: Record<string, (address: DatabaseAddress) => string> = {
  '28P01': ({ password }) =>
    password === undefined
      ? 'Set PGPASSWORD to the password of this user.'
      : 'Check the user and the password.',
  '28000': () => 'Check the user, and the pg_hba.conf of the server.',
  '3D000': () => 'Create the database first.',
  '42501': () => 'Make the user the owner of the database.',
  '58P01': () =>
    'Install the extension pg_trgm on the database server. Some distributions package it as postgresql-contrib.',
};

/** Describes why a database cannot be opened, and what to do. */
export function explainFailure(error: unknown, address: DatabaseAddress): Error {
  if (!(error instanceof DatabaseError)) return toDatabaseError(error);
  const { kind, state = '' } = error;
  const reason = error.message.replace(UNREACHABLE_PREFIX, '').replace(/\.?$/, '.');
  const advice =
    ADVICE[state]?.(address) ??
    (kind === 'lost' ? 'Check that the server is running and can be reached.' : '');
  const text = `Cannot open the database ${address.name}: ${reason} ${advice}`;
  return new DatabaseError(text.trim(), kind, state);
}
