// The address of NATS servers, as an operator writes it.

const DEFAULT_PORT = '4222';

export interface NatsCredentials {
  user?: string | undefined;
  password?: string | undefined;
  token?: string | undefined;
}

export interface NatsAddress {
  /** `host:port` of each server. */
  servers: string[];
  credentials: NatsCredentials;
  isTls: boolean;
  /** What to call it in messages: its servers. */
  name: string;
}

/** Whether a text is meant to be the URL of NATS servers. */
export const isNatsUrl = (text: string): boolean => /^(?:nats|tls):/i.test(text);

/**
 * Parses a URL such as `nats://a:4222,b:4222`, `nats://user:password@a` or `tls://token@a`. All servers have the same
 * credentials.
 * @param credentials used if the URL has none
 * @throws if it is not the URL of NATS servers; the message does not contain it
 */
export function parseNatsAddress(text: string, credentials: NatsCredentials = {}): NatsAddress {
  const isTls = /^tls:/i.test(text);
  const urls = text.split(',').map((part) => parseServer(part.trim()));
  const withUser = urls.find(({ username }) => username !== '');
  const servers = urls.map(({ hostname, port }) => `${hostname}:${port || DEFAULT_PORT}`);
  return {
    servers,
    credentials: withUser ? readCredentials(withUser) : credentials,
    isTls,
    name: servers.join(','),
  };
}

function parseServer(part: string): URL {
  const url = URL.parse(/^[a-z]+:\/\//i.test(part) ? part : `nats://${part}`);
  if (!url || !isNatsUrl(url.href) || !url.hostname || !['', '/'].includes(url.pathname)) {
    throw new Error(
      'The address of the NATS servers must look like nats://host:4222 or nats://host-1:4222,host-2:4222.',
    );
  }
  return url;
}

function readCredentials({ username, password }: URL): NatsCredentials {
  const user = decodeURIComponent(username);
  return password === '' ? { token: user } : { user, password: decodeURIComponent(password) };
}
