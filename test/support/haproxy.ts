// HAProxy before the hubs of a test, with the configuration of docs/scaling.md, "HAProxy", so that what users copy is what
// was run. `make haproxy` installs it.
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parseCodeBlocks, parseSections, readText } from '../docs/markdown.ts';
import { startBound } from './bound-process.ts';
import { findFreePort } from './free-port.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

/** Where Debian installs it, which is not in the PATH of every user. */
const DEBIAN_PATH = '/usr/sbin/haproxy';

/** A hub behind the proxy. */
export interface ProxiedHub {
  node: string;
  port: number;
}

export interface HaproxyOptions {
  /** The port of the proxy; a free one without it. */
  port?: number;
  hubs: readonly ProxiedHub[];
}

/** Starts HAProxy on the loopback interface. `remove` it after the tests. */
export async function startHaproxy({ port: chosen, hubs }: HaproxyOptions) {
  const folder = createTemporaryFolder();
  const port = chosen ?? (await findFreePort());
  const file = join(folder.path, 'haproxy.cfg');
  const statistics = join(folder.path, 'statistics');
  writeFileSync(file, createConfiguration({ port, hubs, statistics }));
  const child = startBound([findProgram(), '-db', '-f', file], {}, folder.path);
  const url = `http://127.0.0.1:${port}`;
  await waitUntilListening(port, child.exited.then(child.output));

  /** Sends a command to the statistics socket, and returns the response. */
  async function ask(command: string): Promise<string> {
    const socket = connect(statistics);
    socket.end(`${command}\n`);
    let response = '';
    for await (const bytes of socket) response += String(bytes);
    return response;
  }

  return {
    url,
    port,
    pid: child.pid,
    output: child.output,
    /** Returns which hubs receive requests. */
    async listReady(): Promise<string[]> {
      const [header = '', ...lines] = (await ask('show stat hubs 4 -1')).split('\n');
      const status = header.split(',').indexOf('status');
      return lines
        .map((line) => line.split(','))
        .filter((cells) => cells[0] === 'hubs' && cells[status]?.startsWith('UP'))
        .map(([, node = '']) => node);
    },
    /** Stops the proxy and deletes its folder. */
    async remove(): Promise<void> {
      child.kill('SIGTERM');
      await child.exited;
      folder.remove();
    },
  };
}

/** Returns the documented configuration for these hubs and this port, without TLS. */
function createConfiguration(options: {
  port: number;
  hubs: readonly ProxiedHub[];
  statistics: string;
}): string {
  const documented = readConfiguration();
  const servers = (suffix: string) =>
    options.hubs
      .map(({ node, port }) => `    server ${node} 127.0.0.1:${port}${suffix}`)
      .join('\n');
  return documented
    .replace(/^global$/m, `global\n    stats socket ${options.statistics}`)
    .replace(/^ +bind .*$/m, `    bind 127.0.0.1:${options.port}`)
    .replace(/(?:^ +server \S+ \S+$\n?)+/m, `${servers('')}\n`)
    .replace(/(?:^ +server \S+ \S+ no-check$\n?)+/m, `${servers(' no-check')}\n`);
}

function readConfiguration(): string {
  const sections = parseSections(readText('docs/scaling.md'));
  const section = sections.find(({ title }) => title === 'HAProxy');
  const [text] = section ? parseCodeBlocks(section, 'haproxy') : [];
  if (text === undefined) throw new Error('docs/scaling.md has no configuration of HAProxy.');
  return `${text.trim()}\n`;
}

function findProgram(): string {
  if (existsSync(DEBIAN_PATH)) return DEBIAN_PATH;
  return Bun.which('haproxy') ?? DEBIAN_PATH;
}

/** @param ended resolves with the output if the proxy ends instead */
async function waitUntilListening(port: number, ended: Promise<string>): Promise<void> {
  let output: string | null = null;
  void ended.then((text) => (output = text));
  while (!(await accepts(port))) {
    if (output !== null) throw new Error(`HAProxy did not start:\n${output as string}`);
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
