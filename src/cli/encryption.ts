// Requires that a hub is not reachable over a network without encryption, unless that is intended.
import type { Log } from '../hub/log.ts';
import type { CertificateFiles } from './certificate-files.ts';
import { CliError } from './cli-error.ts';
import { isLoopback } from './addresses.ts';

interface EncryptionFlags {
  host: string;
  publicUrl?: string;
  tlsCert?: string;
  tlsKey?: string;
  insecure: boolean;
}

/**
 * Returns the files of the certificate; null serves plain HTTP.
 * @throws {CliError} if the flags contradict each other, or plain HTTP would be served to other machines
 */
export function readEncryption(flags: EncryptionFlags, log: Log): CertificateFiles | null {
  const { host, publicUrl, tlsCert, tlsKey, insecure } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new CliError('Set both --tls-cert and --tls-key, or neither.');
  }
  if (tlsCert !== undefined && tlsKey !== undefined) {
    if (publicUrl?.startsWith('http:')) {
      throw new CliError('With --tls-cert, --public-url must be an https URL.');
    }
    return { cert: tlsCert, key: tlsKey };
  }
  if (isLoopback(host)) return null;
  if (!insecure) {
    throw new CliError(
      `Without TLS, passwords and output can be read on the network: to listen on ${host}, set --tls-cert and --tls-key, ` +
        'use a TLS proxy on this machine with --host 127.0.0.1 instead, or set --insecure for a trusted network such as a VPN.',
    );
  }
  log.warn('Connections are not encrypted (--insecure). The network must be trusted.', { host });
  return null;
}
