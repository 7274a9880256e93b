// IP addresses and subnets.
import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';

/** Whether a host is `localhost` or a loopback address. @param host as in a URL or in `--host` */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replaceAll(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

/** Parses IP addresses and subnets, separated by commas. */
export function parseAddresses(text: string): string[] {
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.every(isAddressOrSubnet)) return entries;
  throw new InvalidArgumentError(
    'Expected IP addresses or subnets, separated by commas, such as 127.0.0.1,10.0.0.0/8.',
  );
}

function isAddressOrSubnet(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 6 ? 128 : 32);
}
