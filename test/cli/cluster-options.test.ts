// The options of a hub that shares its database with other hubs.
import { expect, test } from 'bun:test';
import { hostname } from 'node:os';
import { Command } from 'commander';
import {
  busOption,
  type ClusterFlags,
  defaultNode,
  nodeOption,
  readCluster,
} from '../../src/cli/cluster-options.ts';
import { runBinary } from '../support/cli.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const STORE = 'postgres://ada@127.0.0.1:1/hub';

/** Parses options as `serve` does, with variables in the environment. */
function read(words: string[], env: Record<string, string> = {}, hasDatabase = true) {
  Object.assign(process.env, env);
  try {
    const command = new Command()
      .addOption(nodeOption())
      .addOption(busOption())
      .exitOverride()
      .configureOutput({ writeErr() {} });
    command.parse(words, { from: 'user' });
    return readCluster(command.opts<ClusterFlags>(), hasDatabase);
  } finally {
    for (const name of Object.keys(env)) delete process.env[name];
  }
}

test('a hub with a shared database has a name, and PostgreSQL as the bus', () => {
  expect(read([])).toEqual({ node: defaultNode(hostname()), bus: null });
  expect(read(['--node', 'hub-1.example'])).toEqual({ node: 'hub-1.example', bus: null });
  expect(read([], { SIGNALBOX_NODE: 'hub-2', SIGNALBOX_BUS: '' })).toEqual({
    node: 'hub-2',
    bus: null,
  });
});

test.each([
  'nats://a:4222',
  'nats://a:4222,b:4222,[::1]:4222',
  'nats://ada:secret@a:4222,nats://ada:secret@b:4222',
  'tls://nats.example.com',
])('the bus %s is accepted', (bus) => {
  expect(read(['--bus', bus])?.bus).toBe(bus);
  expect(read([], { SIGNALBOX_BUS: bus })?.bus).toBe(bus);
});

test.each(['a:4222', 'postgres://a', 'nats://', 'nats://a,', 'nats://a,b:x', 'nats://a/x'])(
  'the bus %p is rejected, and one of the environment is not shown',
  (bus) => {
    expect(() => read(['--bus', bus])).toThrow(/Expected URLs of NATS servers/);
    const withPassword = `${bus}/secret`;
    let message = '';
    try {
      read([], { SIGNALBOX_BUS: withPassword });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('SIGNALBOX_BUS is not valid');
    expect(message).not.toContain('secret');
  },
);

test.each(['', '-hub', 'hub_1', 'hub 1', 'h'.repeat(65)])('the name %p is rejected', (node) => {
  expect(() => read([`--node=${node}`])).toThrow(/Expected up to 64 letters/);
});

test.each([
  ['node_1.local', 'node-1.local'],
  ['.hub', 'hub'],
  ['ü', 'hub'],
  ['h'.repeat(70), 'h'.repeat(64)],
])('a machine with the name %p is the hub %p', (host, node) => {
  expect(defaultNode(host)).toBe(node);
  expect(read(['--node', defaultNode(host)])).toEqual({ node, bus: null });
});

test('without a shared database, neither option is possible', () => {
  expect(read([], {}, false)).toBeNull();
  for (const [words, env] of [
    [['--node', 'hub-1'], {}],
    [[], { SIGNALBOX_NODE: 'hub-1' }],
  ] as const) {
    expect(() => read([...words], env, false)).toThrow(/--node is for several hubs.*Set --store/);
  }
  for (const [words, env] of [
    [['--bus', 'nats://a'], {}],
    [[], { SIGNALBOX_BUS: 'nats://a' }],
  ] as const) {
    expect(() => read([...words], env, false)).toThrow(/--bus is for several hubs.*Set --store/);
  }
});

test('serve explains what is wrong, and does not show a password in the environment', async () => {
  const folder = createTemporaryFolder();
  const serve = (words: string[], env: Record<string, string> = {}) =>
    runBinary(['serve', '--port', '0', '--data', folder.path, ...words], env);
  const alone = await serve(['--node', 'hub-1']);
  expect([alone.exitCode, alone.stderr]).toEqual([1, expect.stringContaining('Set --store')]);
  const invalid = await serve(['--store', STORE], { SIGNALBOX_BUS: 'amqp://ada:secret@a' });
  expect(invalid.exitCode).toBe(1);
  expect(invalid.stderr).toContain('SIGNALBOX_BUS is not valid');
  expect(invalid.stderr).not.toContain('secret');
  folder.remove();
});
