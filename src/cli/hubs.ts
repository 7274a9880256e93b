// `signalbox hubs`: lists the hubs that share the database.
import { Command } from 'commander';
import { formatDuration } from '../protocol/duration.ts';
import { HubPage } from '../protocol/hubs.ts';
import { createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { toJson } from './json.ts';
import { writeOut } from './output.ts';
import { formatTime, printTable } from './table.ts';

export function hubsCommand(): Command {
  return withClientOptions(new Command('hubs'))
    .description('List the hubs that share the database, for admins')
    .addHelpText(
      'after',
      `
BUS and DATABASE show how long the last message on the bus and the last commit of
a hub took. An asterisk marks the hub that responded.

Examples:
  signalbox hubs
  signalbox hubs --json`,
    )
    .action(async (flags: ClientFlags) => {
      const { items } = await createApiClient(flags.hub).get('/hubs', HubPage);
      if (flags.json) return items.forEach((hub) => writeOut(`${toJson(hub)}\n`));
      return printTable([
        [
          'HUB',
          'STATE',
          'VERSION',
          'AGENTS',
          'DASHBOARDS',
          'BUS',
          'DATABASE',
          'STARTED',
          'LAST CONTACT',
        ],
        ...items.map((hub) => [
          hub.isSelf ? `${hub.node} *` : hub.node,
          hub.state.replace('_', ' '),
          hub.version,
          String(hub.agents),
          String(hub.dashboards),
          formatLag(hub.busLagMs),
          formatLag(hub.storeLagMs),
          formatTime(hub.startedAt),
          formatTime(hub.lastContactAt),
        ]),
      ]);
    });
}

const formatLag = (ms: number | null) => (ms === null ? '-' : formatDuration(ms));
