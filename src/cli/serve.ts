// `signalbox serve`: the hub.
import { Command } from 'commander';
import { type HubFlags, hubProcessOptions, withHubOptions } from './hub-options.ts';
import { startHubProcess } from './hub-process.ts';
import { withOidcOptions } from './oidc-options.ts';
import { writeOut } from './output.ts';
import { readSecret } from './secrets.ts';
import { waitForStopSignal } from './signals.ts';

export function serveCommand(): Command {
  return withOidcOptions(withHubOptions(new Command('serve')))
    .description('Start a hub')
    .addHelpText(
      'after',
      `
The first start creates the account "admin" with the password in
SIGNALBOX_ADMIN_PASSWORD, or prints a setup link to choose one.

The hub listens on 127.0.0.1 by default. To reach it from other machines, set
--host, --tls-cert, --tls-key and --public-url, or put a TLS proxy in front of it
and set --public-url to the proxy's URL.

Examples:
  signalbox serve
  SIGNALBOX_ADMIN_PASSWORD=… signalbox serve --data /var/lib/signalbox
  signalbox serve --public-url https://signalbox.example.com
  signalbox serve --store postgres://signalbox@db/signalbox --node hub-1
  signalbox serve --host 0.0.0.0 --port 443 --tls-cert fullchain.pem \\
    --tls-key privkey.pem --public-url https://signalbox.example.com`,
    )
    .action(async (flags: HubFlags) => {
      const stopped = waitForStopSignal();
      const password = readSecret('SIGNALBOX_ADMIN_PASSWORD') ?? null;
      const hub = await startHubProcess(hubProcessOptions(flags, password));
      writeOut(`Signalbox is ready at ${hub.url}\n`);
      if (hub.setupUrl !== null) {
        writeOut(`Set the admin password (this link works once): ${hub.setupUrl}\n`);
      }
      await Promise.race([stopped, hub.ended]);
      await hub.stop();
    });
}
