// TLS with the compiled executable: a hub with its own certificate, its reload, and clients that trust its authority.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateFiles } from '../../src/cli/certificate-files.ts';
import { buildBinary, PASSWORD, startHubBinary } from '../support/binary.ts';
import { createAuthority, readFiles, readServedName } from '../support/certificates.ts';
import { parseLines, runBinary } from '../support/cli.ts';
import { startProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
const authority = createAuthority(folder.path);
const trust = { NODE_EXTRA_CA_CERTS: authority.file };
const live = { cert: join(folder.path, 'live.pem'), key: join(folder.path, 'live.key') };
let hub: Awaited<ReturnType<typeof startHubBinary>>;

const tlsFlags = ({ cert, key }: CertificateFiles) => ['--tls-cert', cert, '--tls-key', key];
/** The environment of a command line that is not signed in, with none of this machine's AI programs. */
const clientEnv = (name: string) => ({
  XDG_CONFIG_HOME: join(folder.path, name),
  SIGNALBOX_PASSWORD: PASSWORD,
  PATH: '/usr/bin:/bin',
});

function install({ cert, key }: CertificateFiles) {
  copyFileSync(cert, live.cert);
  copyFileSync(key, live.key);
}

beforeAll(async () => {
  install(authority.issue('first'));
  hub = await startHubBinary(join(folder.path, 'data'), tlsFlags(live));
});
afterAll(async () => {
  hub.kill('SIGTERM');
  await hub.exited;
  folder.remove();
});

/** Adds an agent to the hub and returns its token. */
async function addAgent(agentId: string): Promise<string> {
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${hub.url}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      tls: { ca: readFiles({ cert: authority.file, key: live.key }).cert },
    });
    return ((await response.json()) as { token: string }).token;
  };
  const session = await post('/session', { username: 'admin', password: PASSWORD });
  const authorization = `Bearer ${session}`;
  return post('/agents', { agentId, agentType: 'claude' }, { authorization });
}

test('a certificate is replaced at SIGHUP while an agent and a command line stay connected', async () => {
  expect(hub.url).toStartWith('https://127.0.0.1:');
  const env = { ...clientEnv('signed-in'), ...trust };
  const work = join(folder.path, 'work');
  mkdirSync(work);
  const agent = startProcess(
    [buildBinary(), 'agent', '--hub', hub.url, '--id', 'a1', '--type', 'claude', '--no-acp'],
    { ...env, SIGNALBOX_AGENT_TOKEN: await addAgent('a1'), XDG_STATE_HOME: folder.path },
    work,
  );
  await agent.waitForOutput(/connected to wss:/);
  expect(await runBinary(['login', '--hub', hub.url], env)).toMatchObject({ exitCode: 0 });
  Bun.spawnSync(['mkfifo', join(work, 'gate')]);
  const command = '!echo "before"; cat gate; echo "after"';
  const running = startProcess([buildBinary(), 'run', '--agent', 'a1', command], env);
  await running.waitForOutput(/^before/m);

  install(authority.issue('renewed'));
  hub.kill('SIGHUP');
  await hub.waitForOutput(/info +TLS certificate replaced\. file=\S+live\.pem/);
  expect(await readServedName(hub.url)).toBe('renewed');

  copyFileSync(authority.issue('unrelated').key, live.key);
  hub.kill('SIGHUP');
  await hub.waitForOutput(/warn +The TLS certificate on disk cannot be used.*does not belong/);
  expect(await readServedName(hub.url)).toBe('renewed');

  await Bun.write(join(work, 'gate'), 'between\n');
  expect(await running.exited).toBe(0);
  expect(running.output()).toMatch(/before\s+between\s+after/);
  agent.kill('SIGTERM');
  await agent.exited;
  expect(agent.output()).not.toContain('no connection');
}, 60_000);

test('an agent that does not trust the certificate logs the reason', async () => {
  const agent = startProcess(
    [buildBinary(), 'agent', '--hub', hub.url, '--id', 'a2', '--type', 'claude', '--no-acp'],
    { SIGNALBOX_AGENT_TOKEN: 'sba_unused', XDG_STATE_HOME: folder.path },
    folder.path,
  );
  await agent.waitForOutput(/no connection to wss:.*TLS handshake failed: unable to verify.*retry/);
  agent.kill('SIGTERM');
  expect(await agent.exited).toBe(0);
}, 60_000);

test('the local agent of up connects, whatever name the certificate is for', async () => {
  const certificate = authority.issue('elsewhere', { names: 'DNS:signalbox.example.com' });
  const publicUrl = 'https://signalbox.example.com';
  const cwd = join(folder.path, 'up-work');
  mkdirSync(cwd);
  const folders = ['--cwd', cwd, '--data', join(folder.path, 'up-data')];
  const flags = ['--port', '0', '--public-url', publicUrl, ...folders, ...tlsFlags(certificate)];
  const up = startProcess([buildBinary(), 'up', ...flags]);
  await up.waitForOutput(/ready at https:\/\/signalbox\.example\.com\n/);
  await up.waitForOutput(/connected to wss:\/\/127\.0\.0\.1:\d+\/ws\/agent as local/);
  up.kill('SIGTERM');
  expect(await up.exited).toBe(0);
}, 60_000);

/** Runs `serve` until it exits. */
const serve = (...flags: string[]) =>
  runBinary(['serve', '--data', join(folder.path, 'other'), '--port', '0', ...flags], {});

test.each([false, true])(
  'a port that a hub with TLS uses is reported (TLS: %s)',
  async (hasTls) => {
    const { port } = new URL(hub.url);
    const files = tlsFlags(authority.issue('own'));
    const { exitCode, stderr } = await serve('--port', port, ...(hasTls ? files : []));
    expect(stderr).toStartWith(
      `Error: Another hub (process ${hub.pid}) already uses port ${port}.`,
    );
    expect(exitCode).toBe(1);
  },
);

const NETWORK = 'Without TLS, passwords and output can be read on the network:';
const PAIR = 'Set both --tls-cert and --tls-key, or neither.';
test.each([
  ['a certificate without a key', ['--tls-cert', live.cert], PAIR],
  ['a key without a certificate', ['--tls-key', live.key], PAIR],
  ['a missing file', ['--tls-cert', '/missing', '--tls-key', live.key], 'Cannot read /missing:'],
  [
    'a public URL without TLS',
    [...tlsFlags(live), '--public-url', 'http://signalbox.example.com'],
    'With --tls-cert, --public-url must be an https URL.',
  ],
  ['all addresses without TLS', ['--host', '0.0.0.0'], NETWORK],
  ['all IPv6 addresses without TLS', ['--host', '::'], NETWORK],
  ['a private address without TLS', ['--host', '10.0.0.1'], NETWORK],
  ['a name without TLS', ['--host', 'signalbox.example.com'], NETWORK],
  [
    'all addresses behind a TLS proxy on another machine',
    ['--host', '0.0.0.0', '--public-url', 'https://signalbox.example.com'],
    NETWORK,
  ],
])('serve does not start with %s', async (_what, flags, message) => {
  const { exitCode, stderr } = await serve(...flags);
  expect(stderr).toStartWith(`Error: ${message}`);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(exitCode).toBe(1);
});

test('up does not listen on all addresses without TLS either', async () => {
  const flags = ['--data', join(folder.path, 'none'), '--cwd', '/tmp/none', '--host', '0.0.0.0'];
  const { exitCode, stderr } = await runBinary(['up', ...flags], {});
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`Error: ${NETWORK}`)]);
});

test.each([
  ['127.0.0.2', []],
  ['localhost', []],
  ['0.0.0.0', ['--insecure']],
  ['0.0.0.0', tlsFlags(authority.issue('any'))],
])('serve starts on %s with %p', async (host, flags) => {
  const data = join(folder.path, `on-${host}-${flags.length}`);
  const running = await startHubBinary(data, ['--host', host, ...flags]);
  running.kill('SIGTERM');
  expect(await running.exited).toBe(0);
  const warnings = running.output().match(/ warn .*/g) ?? [];
  const isInsecure = flags[0] === '--insecure';
  expect(warnings).toEqual(
    isInsecure ? [expect.stringContaining('Connections are not encrypted (--insecure).')] : [],
  );
});

describe('a certificate that a client rejects is described:', () => {
  const problems: [
    what: string,
    certificate: () => CertificateFiles,
    trusts: boolean,
    RegExp,
    RegExp,
  ][] = [
    [
      'unknown authority',
      () => authority.issue('unknown'),
      false,
      /is not from a known certificate authority\.$/,
      /NODE_EXTRA_CA_CERTS/,
    ],
    [
      'expired',
      () => authority.issue('expired', { days: -1 }),
      true,
      /: the hub's certificate has expired\.$/,
      /Renew the certificate/,
    ],
    [
      'wrong name',
      () => authority.issue('wrong', { names: 'DNS:other.example' }),
      true,
      /: the hub's certificate is not valid for 127\.0\.0\.1\.$/,
      /get a certificate for 127\.0\.0\.1\.$/,
    ],
  ];
  test.each(problems)('%s', async (_what, certificate, trusts, message, fix) => {
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      tls: readFiles(certificate()),
      fetch: () => new Response('ok'),
    });
    const env = { ...clientEnv('rejecting'), ...(trusts && trust) };
    const url = `https://127.0.0.1:${server.port}`;
    const doctor = await runBinary(['doctor', '--json', '--hub', url], env);
    expect(doctor.exitCode).toBe(1);
    expect(parseLines(doctor.stdout)[0]).toMatchObject({
      name: 'Hub',
      status: 'failed',
      message: expect.stringMatching(message),
      fix: expect.stringMatching(fix),
    });
    const login = await runBinary(['login', '--hub', url], env);
    expect([login.exitCode, login.stderr.trim()]).toEqual([1, expect.stringMatching(message)]);
    await server.stop(true);
  });

  test('none, because the server uses plain HTTP', async () => {
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('ok') });
    const url = `https://127.0.0.1:${server.port}`;
    const { stderr } = await runBinary(['login', '--hub', url], clientEnv('rejecting'));
    expect(stderr).toEndWith('the TLS handshake failed. The hub may not use TLS on this port.\n');
    await server.stop(true);
  });
});
