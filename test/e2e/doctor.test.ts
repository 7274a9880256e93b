// `signalbox doctor` with a healthy hub, with broken ones, and with various AI programs.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { addAgent, buildBinary, signInToApi, startHubBinary } from '../support/binary.ts';
import { startProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

interface Check {
  name: string;
  status: string;
  message: string;
  fix?: string;
}

const folder = createTemporaryFolder();
const bin = join(folder.path, 'bin');
let hub: Awaited<ReturnType<typeof startHubBinary>>;

beforeAll(async () => {
  mkdirSync(bin);
  hub = await startHubBinary(join(folder.path, 'data'));
});
afterAll(async () => {
  hub.kill('SIGTERM');
  await hub.exited;
  folder.remove();
});

/** Runs `signalbox doctor` where only the programs of the test are installed. */
async function doctor(flags: string[], env: Record<string, string> = {}) {
  const isolated = {
    HOME: folder.path,
    XDG_CONFIG_HOME: folder.path,
    PATH: `${bin}:/usr/bin:/bin`,
  };
  const child = startProcess([buildBinary(), 'doctor', '--json', ...flags], {
    ...isolated,
    ...env,
  });
  const exitCode = await child.exited;
  const lines = child.output().trim().split('\n');
  const checks = new Map(
    lines.map((line): [string, Check] => {
      const check: Check = JSON.parse(line);
      return [check.name, check];
    }),
  );
  return { exitCode, checks, statusOf: (name: string) => checks.get(name)?.status };
}

/** Starts an HTTP server that responds like a hub. */
function fakeHub(answer: (request: Request) => Response | Promise<Response>) {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer });
  return {
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

const health = { status: 'ok', name: 'signalbox', version: packageJson.version };

describe('the hub', () => {
  test('passes all checks with a valid session and agent token', async () => {
    const token = await addAgent(hub.url, 'a1');
    const session = (await signInToApi(hub.url))['authorization']!.slice(7);
    const { exitCode, checks, statusOf } = await doctor(['--hub', hub.url, '--id', 'a1'], {
      SIGNALBOX_TOKEN: session,
      SIGNALBOX_AGENT_TOKEN: token,
    });
    for (const name of ['Hub', 'Encryption', 'WebSocket', 'Version', 'Clock', 'Session']) {
      expect([name, statusOf(name)]).toEqual([name, 'ok']);
    }
    expect(checks.get('Session')?.message).toContain('admin');
    expect(statusOf('Agent token')).toBe('ok');
    expect(exitCode).toBe(0);
  });

  test('reports the expiry of an API token, and warns 14 days before it', async () => {
    const headers = await signInToApi(hub.url);
    const addToken = async (days: number) => {
      const expiresAt = Date.now() + days * 86_400_000;
      const body = JSON.stringify({ name: 'ci', scope: 'viewer', expiresAt });
      const path = '/api/v1/account/tokens';
      const response = await fetch(`${hub.url}${path}`, { method: 'POST', headers, body });
      return ((await response.json()) as { token: string }).token;
    };
    const check = async (token: string) => {
      const { checks } = await doctor(['--hub', hub.url], { SIGNALBOX_TOKEN: token });
      expect(checks.has('Session')).toBe(false);
      return checks.get('API token');
    };
    expect(await check(await addToken(90))).toMatchObject({
      status: 'ok',
      message: expect.stringMatching(
        /^"ci" acts as admin \(viewer\)\. It expires in (90 days|89 days 23 h)\.$/,
      ),
    });
    expect(await check(await addToken(13))).toMatchObject({
      status: 'warning',
      fix: 'signalbox token add NAME --scope ROLE',
    });
    expect(await check('sbp_unknown')).toMatchObject({
      status: 'failed',
      message: 'The token in SIGNALBOX_TOKEN is not valid. It may have expired or been revoked.',
    });
  });

  test('fails if it cannot be reached, and the checks that need it are skipped', async () => {
    const { exitCode, checks, statusOf } = await doctor(['--hub', 'http://127.0.0.1:1']);
    expect(statusOf('Hub')).toBe('failed');
    expect([...checks.keys()]).toEqual(['Hub', 'AI programs']);
    expect(exitCode).toBe(1);
  });

  test('fails if it is another web server', async () => {
    await using fake = fakeHub(() => new Response('<h1>It works!</h1>'));
    const { checks } = await doctor(['--hub', fake.url]);
    expect(checks.get('Hub')?.message).toContain('is not a Signalbox hub');
  });

  test.each([
    ['failing', 'The disk is full.', 'Free disk space'],
    ['damaged', 'Page 7 is invalid.', 'from a backup'],
  ])('fails with the reason if its status is %s', async (status, reason, fix) => {
    await using fake = fakeHub(() => Response.json({ ...health, status, reason }));
    const { exitCode, checks } = await doctor(['--hub', fake.url]);
    expect(checks.get('Hub')).toMatchObject({ status: 'failed' });
    expect(checks.get('Hub')?.message).toContain(reason);
    expect(checks.get('Hub')?.fix).toContain(fix);
    expect(exitCode).toBe(1);
  });

  test('fails without WebSocket support, and warns about another version and clock', async () => {
    await using fake = fakeHub(() =>
      Response.json(
        { ...health, version: '99.0.0' },
        { headers: { date: new Date(Date.now() + 90_000).toUTCString() } },
      ),
    );
    const { exitCode, checks, statusOf } = await doctor(['--hub', fake.url]);
    expect(statusOf('WebSocket')).toBe('failed');
    expect(checks.get('Version')).toMatchObject({ status: 'warning' });
    expect(checks.get('Version')?.message).toContain('99.0.0 on the hub');
    expect(checks.get('Clock')?.message).toMatch(
      /^This machine's clock is 1 min (29|30|31) s behind/,
    );
    expect(exitCode).toBe(1);
  });
});

describe('credentials', () => {
  test('a missing session is a warning with the sign-in command', async () => {
    const { exitCode, checks } = await doctor(['--hub', hub.url]);
    expect(checks.get('Session')).toMatchObject({
      status: 'warning',
      fix: `signalbox login --hub ${hub.url}`,
    });
    expect(exitCode).toBe(0);
  });

  test('a token file that cannot be read fails, and the other checks still run', async () => {
    const flags = ['--hub', hub.url, '--id', 'a1', '--token-file', '/nowhere/at/all'];
    const { exitCode, checks } = await doctor(flags);
    expect(checks.get('Agent token')).toMatchObject({ status: 'failed' });
    expect(checks.has('AI programs')).toBe(true);
    expect(exitCode).toBe(1);
  });

  test('a token without --id is not checked', async () => {
    const { checks } = await doctor(['--hub', hub.url], { SIGNALBOX_AGENT_TOKEN: 'sba_x' });
    expect(checks.get('Agent token')?.message).toContain('--id');
  });

  test('an invalid token fails', async () => {
    const wrong = { SIGNALBOX_AGENT_TOKEN: 'sba_wrong' };
    const { exitCode, statusOf } = await doctor(['--hub', hub.url, '--id', 'a1'], wrong);
    expect(statusOf('Agent token')).toBe('failed');
    expect(exitCode).toBe(1);
  });

  test('the token of another agent fails', async () => {
    const token = await addAgent(hub.url, 'b1');
    await addAgent(hub.url, 'b2');
    const flags = ['--hub', hub.url, '--id', 'b2'];
    const { statusOf } = await doctor(flags, { SIGNALBOX_AGENT_TOKEN: token });
    expect(statusOf('Agent token')).toBe('failed');
  });
});

describe('AI programs', () => {
  /** Installs a shell script as a program. */
  function install(name: string, script: string): void {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const scripted = join(import.meta.dir, '../support/agent/acp-program-process.ts');

  test('that work are reported with their version', async () => {
    install('gemini', `[ "$1" = --version ] && echo 9.8.7 || exec ${process.execPath} ${scripted}`);
    const { checks } = await doctor(['--hub', hub.url]);
    expect(checks.get('Gemini CLI')).toMatchObject({ status: 'ok' });
    expect(checks.get('Gemini CLI')?.message).toContain('Ready for prompts (9.8.7');
    expect(checks.has('Codex')).toBe(false);
  });

  test('that nobody has signed in to are a warning with the sign-in command', async () => {
    const status = `[ "$1" = --cli ] && { echo '{ "loggedIn": false }'; exit 1; }`;
    install('claude-agent-acp', `[ "$1" = --version ] && { echo 1.2.3; exit; }; ${status}`);
    const { exitCode, checks } = await doctor(['--hub', hub.url]);
    expect(checks.get('Claude Code')).toMatchObject({ status: 'warning' });
    expect(checks.get('Claude Code')?.message).toContain('claude-agent-acp --cli auth login');
    expect(exitCode).toBe(0);
  });

  test('that are broken are not reported as signed out', async () => {
    install('claude-agent-acp', 'echo "Cannot find module." >&2; exit 1');
    const { checks } = await doctor(['--hub', hub.url]);
    expect(checks.get('Claude Code')?.message).toContain('Cannot find module.');
    expect(checks.get('Claude Code')?.message).not.toContain('not signed in');
  });
});
