// The certificate of a hub: which files are rejected, and when changed files are used.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { copyFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CertificateFiles,
  readCertificate,
  watchCertificate,
} from '../../src/cli/certificate-files.ts';
import type { Certificate } from '../../src/web/servers.ts';
import { type Authority, createAuthority, readFiles } from '../support/certificates.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

let folder: TemporaryFolder;
let authority: Authority;
let valid: CertificateFiles;
beforeEach(() => {
  folder = createTemporaryFolder();
  authority = createAuthority(folder.path);
  valid = authority.issue('valid');
});
afterEach(() => folder.remove());

const inFolder = (name: string) => join(folder.path, name);

describe('files that are rejected:', () => {
  const write = (name: string, text: string) => {
    writeFileSync(inFolder(name), text);
    return inFolder(name);
  };
  const rejected: [what: string, prepare: () => Partial<CertificateFiles>, message: RegExp][] = [
    ['no certificate file', () => ({ cert: '/missing.pem' }), /^Cannot read \/missing\.pem: /],
    ['no key file', () => ({ key: '/missing.pem' }), /^Cannot read \/missing\.pem: /],
    ['a folder', () => ({ cert: folder.path }), /^Cannot read /],
    ['an empty certificate', () => ({ cert: write('x', '') }), /x contains no PEM certificate\.$/],
    ['text', () => ({ cert: write('x', 'text') }), /x contains no PEM certificate\.$/],
    ['a key as certificate', () => ({ cert: valid.key }), /valid\.key contains no PEM certificate/],
    ['a certificate as key', () => ({ key: valid.cert }), /valid\.pem contains no unencrypted PEM/],
    [
      'an encrypted key',
      () => {
        authority.run('openssl ec -in valid.key -aes128 -passout pass:secret -out locked.key');
        return { key: inFolder('locked.key') };
      },
      /locked\.key contains no unencrypted PEM key\.$/,
    ],
    [
      'the key of another certificate',
      () => ({ key: authority.issue('other').key }),
      /other\.key does not belong to the first certificate in .*valid\.pem\.$/,
    ],
    [
      'a chain that does not begin with the certificate',
      () => {
        authority.run('cat ca.pem valid.pem > reversed.pem');
        return { cert: inFolder('reversed.pem') };
      },
      /does not belong to the first certificate/,
    ],
    [
      'a chain with a damaged certificate',
      () => {
        authority.run('{ cat valid.pem; head -4 ca.pem; tail -1 ca.pem; } > damaged.pem');
        return { cert: inFolder('damaged.pem') };
      },
      /damaged\.pem contains an invalid certificate chain\.$/,
    ],
    [
      'an expired certificate',
      () => authority.issue('old', { days: -1 }),
      /^The certificate in .*old\.pem expired on \d{4}-/,
    ],
  ];
  test.each(rejected)('%s', (_what, prepare, message) => {
    const files = { ...valid, ...prepare() };
    expect(() => readCertificate(files, Date.now())).toThrow(message);
  });

  test('a certificate that is not valid yet', () => {
    expect(() => readCertificate(valid, Date.now() - DAY)).toThrow(/is not valid before \d{4}-/);
  });
});

test('a certificate with its chain is accepted', () => {
  authority.run('cat valid.pem ca.pem > chain.pem');
  const files = { cert: inFolder('chain.pem'), key: valid.key };
  expect(readCertificate(files, Date.now())).toEqual(readFiles(files));
});

describe('changed files', () => {
  const live = () => ({ cert: inFolder('live.pem'), key: inFolder('live.key') });

  /** Replaces the live files with links, as certbot does. */
  function link(files: CertificateFiles) {
    for (const part of ['cert', 'key'] as const) {
      symlinkSync(files[part], inFolder('next'));
      renameSync(inFolder('next'), live()[part]);
    }
  }

  function copy(files: CertificateFiles) {
    copyFileSync(files.cert, live().cert);
    copyFileSync(files.key, live().key);
  }

  function startWatch(install: (files: CertificateFiles) => void) {
    install(valid);
    const clock = createManualClock({ start: Date.now() });
    const used: Certificate[] = [];
    const warnings: string[] = [];
    let problem: Error | null = null;
    const watch = watchCertificate(live(), {
      clock,
      log: {
        info: () => undefined,
        warn: (_message, fields) => void warnings.push(String(fields?.['reason'])),
        error: () => undefined,
      },
      current: readFiles(live()),
      onChange(certificate) {
        if (problem) throw problem;
        used.push(certificate);
      },
    });
    return {
      clock,
      watch,
      used,
      warnings,
      failWith: (error: Error | null) => {
        problem = error;
      },
    };
  }

  test.each([
    ['replaced links', link],
    ['overwritten files', copy],
  ])('are used within a minute: %s', (_how, install) => {
    const { clock, used, warnings } = startWatch(install);
    clock.advance(10 * MINUTE);
    expect(used).toEqual([]);
    const renewed = authority.issue('renewed');
    install(renewed);
    clock.advance(MINUTE);
    expect(used).toEqual([readFiles(renewed)]);
    clock.advance(10 * MINUTE);
    expect([used.length, warnings]).toEqual([1, []]);
  });

  test('are used at once when a reload is requested', () => {
    // Before the clock is created, which must not be earlier than the certificate.
    const renewed = authority.issue('renewed');
    const { used, watch } = startWatch(link);
    link(renewed);
    watch.reload();
    watch.reload();
    expect(used).toEqual([readFiles(renewed)]);
  });

  test('that cannot be used are reported once, and at each requested reload', () => {
    const { clock, used, warnings, watch } = startWatch(copy);
    const renewed = authority.issue('renewed');
    copyFileSync(renewed.cert, live().cert);
    clock.advance(5 * MINUTE);
    expect(warnings).toEqual([expect.stringMatching(/does not belong/)]);
    watch.reload();
    expect(warnings).toHaveLength(2);
    expect(used).toEqual([]);
    copyFileSync(renewed.key, live().key);
    clock.advance(MINUTE);
    expect(used).toEqual([readFiles(renewed)]);
  });

  test('that were removed are reported, and used when they are back', () => {
    const { clock, used, warnings } = startWatch(copy);
    rmSync(live().key);
    clock.advance(2 * MINUTE);
    expect(warnings).toEqual([expect.stringMatching(/^Cannot read .*live\.key/)]);
    const renewed = authority.issue('renewed');
    copy(renewed);
    clock.advance(MINUTE);
    expect(used).toEqual([readFiles(renewed)]);
  });

  test('are tried again if the server could not be started with them', () => {
    const { clock, used, warnings, failWith } = startWatch(link);
    link(authority.issue('renewed'));
    failWith(new Error('port in use'));
    clock.advance(2 * MINUTE);
    expect(warnings).toEqual(['port in use']);
    failWith(null);
    clock.advance(MINUTE);
    expect(used).toHaveLength(1);
  });

  test('are not watched any more after a stop', () => {
    const { clock, used, watch } = startWatch(link);
    watch.stop();
    link(authority.issue('renewed'));
    clock.advance(5 * MINUTE);
    expect(used).toEqual([]);
  });
});
