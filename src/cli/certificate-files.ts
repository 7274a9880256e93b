// The certificate of the hub, and its reload (docs/operations.md, "TLS").
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Log } from '../hub/log.ts';
import type { Clock } from '../protocol/clock.ts';
import type { Certificate } from '../web/servers.ts';
import { CliError } from './cli-error.ts';

/** How often the files are compared with the certificate in use. */
const CHECK_MS = 60_000;

/** Paths of PEM files. */
export interface CertificateFiles {
  cert: string;
  key: string;
}

/**
 * Reads a certificate and its key.
 * @param now in Unix milliseconds
 * @throws {CliError} if they cannot be read or parsed, do not belong together, or are not valid now
 */
export function readCertificate(files: CertificateFiles, now: number): Certificate {
  const [cert, key] = [readFile(files.cert), readFile(files.key)];
  const leaf = parse(`${files.cert} contains no PEM certificate`, () => new X509Certificate(cert));
  const privateKey = parse(`${files.key} contains no unencrypted PEM key`, () =>
    createPrivateKey(key),
  );
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new CliError(
      `The key in ${files.key} does not belong to the first certificate in ${files.cert}.`,
    );
  }
  parse(`${files.cert} contains an invalid certificate chain`, () =>
    createSecureContext({ cert, key }),
  );
  if (now >= Date.parse(leaf.validTo)) {
    throw new CliError(`The certificate in ${files.cert} expired on ${formatDate(leaf.validTo)}.`);
  }
  if (now < Date.parse(leaf.validFrom)) {
    throw new CliError(
      `The certificate in ${files.cert} is not valid before ${formatDate(leaf.validFrom)}.`,
    );
  }
  return { cert, key };
}

export interface WatchOptions {
  clock: Clock;
  log: Log;
  /** The certificate in use. */
  current: Certificate;
  onChange(certificate: Certificate): void;
}

/**
 * Watches the content of the files: they may be replaced, or be links to other files. A certificate that cannot be used
 * is logged once.
 */
export function watchCertificate(
  files: CertificateFiles,
  { clock, log, current, onChange }: WatchOptions,
) {
  let inUse = current;
  let reported: string | null = null;

  function check() {
    try {
      const found = readCertificate(files, clock.now());
      if (found.cert !== inUse.cert || found.key !== inUse.key) {
        onChange(found);
        inUse = found;
        log.info('TLS certificate replaced.', { file: files.cert });
      }
      reported = null;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== reported) {
        const message = 'The TLS certificate on disk cannot be used. The current one stays in use.';
        log.warn(message, { reason });
      }
      reported = reason;
    }
  }

  return {
    /** Checks the files now, and logs a certificate that cannot be used again. */
    reload() {
      reported = null;
      check();
    },
    stop: clock.every(CHECK_MS, check),
  };
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError(
      `Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function parse<T>(problem: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new CliError(`${problem}.`);
  }
}

const formatDate = (date: string) => new Date(date).toISOString();
