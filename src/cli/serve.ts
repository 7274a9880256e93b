// `signalbox serve`: the hub.
import { Command } from 'commander';
import { type HubFlags, hubProcessOptions, withHubOptions } from './hub-options.ts';
import { startHubProcess } from './hub-process.ts';
import { askedToStop } from './signals.ts';

export function serveCommand(): Command {
  return withHubOptions(new Command('serve'))
    .description('Run the hub: dashboards and agents connect to it.')
    .addHelpText(
      'after',
      `
The first start makes the account "admin" with SIGNALBOX_ADMIN_PASSWORD, or prints a link to choose a password.
It listens on this machine alone: put a proxy with TLS before it, and name its address with --public-url.

Examples:
  signalbox serve
  SIGNALBOX_ADMIN_PASSWORD=… signalbox serve --data /var/lib/signalbox
  signalbox serve --port 8080 --public-url https://signalbox.example.com`,
    )
    .action(async (flags: HubFlags) => {
      const stop = askedToStop();
      const password = process.env['SIGNALBOX_ADMIN_PASSWORD'] ?? null;
      const hub = await startHubProcess(hubProcessOptions(flags, password));
      process.stdout.write(`Signalbox is ready at ${hub.url}\n`);
      if (hub.setupUrl !== null) {
        process.stdout.write(`Choose the admin's password, once: ${hub.setupUrl}\n`);
      }
      await stop;
      await hub.stop();
    });
}
