// Loopback addresses, which only processes on this machine can reach.
import { isIP } from 'node:net';

/** Whether a host is `localhost` or a loopback address. @param host as in a URL or in `--host` */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replaceAll(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}
