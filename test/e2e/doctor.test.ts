// `signalbox doctor` from the binary: what it says of a hub that is well, of what can stand before one, and of programs.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import {
  addAgent,
  binaryPath,
  logIn,
  start,
  startHubBinary,
  temporaryFolder,
} from '../support/hub/binary.ts';

interface Check {
  name: string;
  finding: string;
  words: string;
  mend?: string;
}

const folder = temporaryFolder();
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

/** Runs it where nothing is installed but what a test has put there. */
async function doctor(flags: string[], env: Record<string, string> = {}) {
  const alone = { HOME: folder.path, XDG_CONFIG_HOME: folder.path, PATH: `${bin}:/usr/bin:/bin` };
  const child = start([binaryPath(), 'doctor', '--json', ...flags], { ...alone, ...env });
  const exitCode = await child.exited;
  const lines = child.text().trim().split('\n');
  const checks = new Map(
    lines.map((line): [string, Check] => {
      const check: Check = JSON.parse(line);
      return [check.name, check];
    }),
  );
  return { exitCode, checks, finding: (name: string) => checks.get(name)?.finding };
}

/** Something on another port that answers as a hub might. */
function pretend(answer: (request: Request) => Response | Promise<Response>) {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer });
  return {
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

const health = { status: 'ok', name: 'signalbox', version: packageJson.version };

describe('the hub', () => {
  test('that is well is found well, with login and token', async () => {
    const token = await addAgent(hub.url, 'a1');
    const login = (await logIn(hub.url))['authorization']!.slice(7);
    const { exitCode, checks, finding } = await doctor(['--hub', hub.url, '--id', 'a1'], {
      SIGNALBOX_TOKEN: login,
      SIGNALBOX_AGENT_TOKEN: token,
    });
    for (const name of ['Hub', 'Secrecy', 'WebSocket', 'Version', 'Clock', 'Login']) {
      expect([name, finding(name)]).toEqual([name, 'ok']);
    }
    expect(checks.get('Login')?.words).toContain('admin');
    expect(finding('Agent token')).toBe('ok');
    expect(exitCode).toBe(0);
  });

  test('that is not there is said so, and nothing else is guessed', async () => {
    const { exitCode, checks, finding } = await doctor(['--hub', 'http://127.0.0.1:1']);
    expect(finding('Hub')).toBe('failed');
    expect([...checks.keys()]).toEqual(['Hub', 'Programs']);
    expect(exitCode).toBe(1);
  });

  test('that is something else is told', async () => {
    await using other = pretend(() => new Response('<h1>It works!</h1>'));
    const { checks } = await doctor(['--hub', other.url]);
    expect(checks.get('Hub')?.words).toContain('is no Signalbox hub');
  });

  test('in trouble says what it is', async () => {
    const reason = 'The disk cannot be written: full';
    await using other = pretend(() => Response.json({ ...health, status: 'failing', reason }));
    const { exitCode, checks } = await doctor(['--hub', other.url]);
    expect(checks.get('Hub')).toMatchObject({ finding: 'failed' });
    expect(checks.get('Hub')?.words).toContain(reason);
    expect(exitCode).toBe(1);
  });

  test('behind a proxy that lets no WebSocket through, of another version, with another time', async () => {
    await using other = pretend(() =>
      Response.json(
        { ...health, version: '99.0.0' },
        { headers: { date: new Date(Date.now() + 90_000).toUTCString() } },
      ),
    );
    const { exitCode, checks, finding } = await doctor(['--hub', other.url]);
    expect(finding('WebSocket')).toBe('failed');
    expect(checks.get('Version')).toMatchObject({ finding: 'warning' });
    expect(checks.get('Version')?.words).toContain('99.0.0 on the hub');
    expect(checks.get('Clock')?.words).toMatch(/^This clock is (89|90|91) s behind/);
    expect(exitCode).toBe(1);
  });
});

describe('who may do what', () => {
  test('without a login it says how to log in', async () => {
    const { exitCode, checks } = await doctor(['--hub', hub.url]);
    expect(checks.get('Login')).toMatchObject({
      finding: 'warning',
      mend: `signalbox login --hub ${hub.url}`,
    });
    expect(exitCode).toBe(0);
  });

  test('a token file that cannot be read is a failure, and the rest is looked at all the same', async () => {
    const flags = ['--hub', hub.url, '--id', 'a1', '--token-file', '/nowhere/at/all'];
    const { exitCode, checks } = await doctor(flags);
    expect(checks.get('Agent token')).toMatchObject({ finding: 'failed' });
    expect(checks.has('Programs')).toBe(true);
    expect(exitCode).toBe(1);
  });

  test('a token without an id says what is missing', async () => {
    const { checks } = await doctor(['--hub', hub.url], { SIGNALBOX_AGENT_TOKEN: 'sba_x' });
    expect(checks.get('Agent token')?.words).toContain('--id');
  });

  test('a wrong token is a failure', async () => {
    const wrong = { SIGNALBOX_AGENT_TOKEN: 'sba_wrong' };
    const { exitCode, finding } = await doctor(['--hub', hub.url, '--id', 'a1'], wrong);
    expect(finding('Agent token')).toBe('failed');
    expect(exitCode).toBe(1);
  });

  test('the token of one agent is not that of another', async () => {
    const token = await addAgent(hub.url, 'b1');
    await addAgent(hub.url, 'b2');
    const flags = ['--hub', hub.url, '--id', 'b2'];
    const { finding } = await doctor(flags, { SIGNALBOX_AGENT_TOKEN: token });
    expect(finding('Agent token')).toBe('failed');
  });
});

describe('programs', () => {
  /** Puts a program where it will be found. */
  function install(name: string, script: string): void {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const scripted = join(import.meta.dir, '../support/agent/acp-program-process.ts');

  test('that are there are started, and told by version', async () => {
    install('gemini', `[ "$1" = --version ] && echo 9.8.7 || exec ${process.execPath} ${scripted}`);
    const { checks } = await doctor(['--hub', hub.url]);
    expect(checks.get('Gemini CLI')).toMatchObject({ finding: 'ok' });
    expect(checks.get('Gemini CLI')?.words).toContain('9.8.7 takes prompts');
    expect(checks.has('Codex')).toBe(false);
  });

  test('that nobody has logged in to are told with the command that does', async () => {
    const status = `[ "$1" = --cli ] && { echo '{ "loggedIn": false }'; exit 1; }`;
    install('claude-agent-acp', `[ "$1" = --version ] && { echo 1.2.3; exit; }; ${status}`);
    const { exitCode, checks } = await doctor(['--hub', hub.url]);
    expect(checks.get('Claude Code')).toMatchObject({ finding: 'warning' });
    expect(checks.get('Claude Code')?.words).toContain('claude-agent-acp --cli auth login');
    expect(exitCode).toBe(0);
  });

  test('that are broken are not taken for logged out', async () => {
    install('claude-agent-acp', 'echo "It has lost its head." >&2; exit 1');
    const { checks } = await doctor(['--hub', hub.url]);
    expect(checks.get('Claude Code')?.words).toContain('It has lost its head.');
    expect(checks.get('Claude Code')?.words).not.toContain('not logged in');
  });
});
