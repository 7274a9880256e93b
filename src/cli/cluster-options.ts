// The options of a hub that shares its database with other hubs: its name, and the bus between them.
import { hostname } from 'node:os';
import { InvalidArgumentError, Option } from 'commander';
import { isNatsUrl, parseNatsAddress } from '../bus/nats-address.ts';
import { envOption } from '../config.ts';
import { CliError } from './cli-error.ts';
import { readSecret } from './secrets.ts';

const NODE_LENGTH = 64;
const NODE = /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/;
/** How a hub takes part in a system of several hubs. */
export interface ClusterSettings {
  /** The name of the hub. */
  node: string;
  /** The URLs of the NATS servers, separated by commas, which can contain passwords. Null for PostgreSQL. */
  bus: string | null;
}

export interface ClusterFlags {
  node?: string;
  bus?: string;
}

export function nodeOption(): Option {
  return envOption('--node <name>', 'Name of this hub among those that share the database')
    .default(undefined, 'the host name')
    .argParser((text) => {
      if (NODE.test(text)) return text;
      throw new InvalidArgumentError(
        `Expected up to ${NODE_LENGTH} letters, digits, hyphens and dots, such as hub-1.`,
      );
    });
}

/** The URLs can contain a password, so the variable is read as a secret and not by commander. */
export function busOption(): Option {
  return new Option(
    '--bus <urls>',
    'NATS servers between the hubs, such as nats://a:4222,b:4222 (env: SIGNALBOX_BUS)',
  )
    .default(undefined, 'the PostgreSQL database')
    .argParser((text) => {
      if (isBus(text)) return text;
      throw new InvalidArgumentError(BUS_FORMAT);
    });
}

const BUS_FORMAT =
  'Expected URLs of NATS servers, separated by commas, such as nats://a:4222,b:4222.';

function isBus(text: string): boolean {
  if (!isNatsUrl(text)) return false;
  try {
    parseNatsAddress(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns how the hub takes part in a system of several hubs; null without a database that they can share.
 * @throws {CliError} if an option needs such a database, or the bus is not valid
 */
export function readCluster(flags: ClusterFlags, hasDatabase: boolean): ClusterSettings | null {
  const bus = flags.bus ?? readSecret('SIGNALBOX_BUS') ?? '';
  if (!hasDatabase) {
    if (flags.node !== undefined) throw new CliError(needsStore('--node'));
    if (bus !== '') throw new CliError(needsStore('--bus'));
    return null;
  }
  if (bus !== '' && !isBus(bus)) throw new CliError(`SIGNALBOX_BUS is not valid. ${BUS_FORMAT}`);
  return { node: flags.node ?? defaultNode(hostname()), bus: bus === '' ? null : bus };
}

const needsStore = (option: string) =>
  `${option} is for several hubs with one PostgreSQL database. Set --store as well, or remove ${option} and its environment variable.`;

/** Returns the name of a hub on a machine, whose name can contain other characters. */
export function defaultNode(host: string): string {
  const name = host.replaceAll(/[^A-Za-z0-9.-]/g, '-').replace(/^[.-]+/, '');
  return name === '' ? 'hub' : name.slice(0, NODE_LENGTH);
}
