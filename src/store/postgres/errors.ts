// The errors of a PostgreSQL store. Their messages contain no parameters and no password.
import { SQL } from 'bun';

/** What happened to a query: the server refused it, or there was no answer. */
type Kind = 'refused' | 'lost';

/** A query that failed. `code` is the SQLSTATE, if the server sent one. */
export class DatabaseError extends Error {
  readonly kind: Kind;
  readonly code: string | undefined;

  constructor(message: string, kind: Kind, code?: string) {
    super(message);
    this.name = 'DatabaseError';
    this.kind = kind;
    this.code = code;
  }
}

/** SQLSTATE of a statement that took longer than `statement_timeout`. */
export const QUERY_CANCELED = '57014';

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

export const unreachable = (reason: string, code?: string): DatabaseError =>
  new DatabaseError(`The database cannot be reached: ${reason}`, 'lost', code);

/** Whether the connection has ended, so that it is not known what it has executed last. */
export const isLost = (error: unknown): boolean =>
  error instanceof DatabaseError && error.kind === 'lost';

/** Whether the server has answered that it did not do what it was asked to do. */
export const isRefused = (error: unknown): boolean =>
  error instanceof DatabaseError && error.kind === 'refused' && error.code !== undefined;
