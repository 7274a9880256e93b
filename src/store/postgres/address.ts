// The address of a PostgreSQL database, as an operator writes it.

const DEFAULT_PORT = '5432';

export interface DatabaseAddress {
  /** The URL without its password. */
  url: string;
  password: string | undefined;
  /** What to call it in messages: `host:port/database`. */
  name: string;
}

/** Whether a text is meant to be the URL of a PostgreSQL database. */
export const isPostgresUrl = (text: string): boolean => /^postgres(?:ql)?:/i.test(text);

/**
 * Parses a URL such as `postgres://user@host/database`.
 * @param password used if the URL has none
 * @throws if it is not the URL of a PostgreSQL database; the message does not contain it
 */
export function parseAddress(text: string, password?: string): DatabaseAddress {
  const url = URL.parse(text);
  const database = url && decodeURIComponent(url.pathname.slice(1));
  if (!url || !isPostgresUrl(text) || !url.hostname || !url.username || !database) {
    throw new Error(
      'The address of the database must look like postgres://user@host/database or postgres://user@host:5432/database.',
    );
  }
  const chosen = url.password === '' ? password : decodeURIComponent(url.password);
  url.password = '';
  return {
    url: url.href,
    password: chosen,
    name: `${url.hostname}:${url.port || DEFAULT_PORT}/${database}`,
  };
}
