// `signalbox login`: keeps a token for the commands that ask a hub.
import password from '@inquirer/password';
import { Command } from 'commander';
import { SessionAnswer } from '../protocol/api.ts';
import { address, setting } from '../config.ts';
import { ask } from './client.ts';
import { keepCredentials } from './credentials.ts';
import { Failure } from './failure.ts';

interface LoginFlags {
  hub: string;
  username: string;
  json: boolean;
}

export function loginCommand(): Command {
  return new Command('login')
    .description('Log in to a hub, and keep the token for the commands below.')
    .addOption(
      setting('--hub <url>', 'the hub').default('http://127.0.0.1:7420').argParser(address),
    )
    .addOption(setting('--username <name>', 'who you are').default('admin'))
    .option('--json', 'for programs: JSON, a line each', false)
    .addHelpText(
      'after',
      `
The password is asked for, or taken from SIGNALBOX_PASSWORD, or from standard input.
Programs may put a token into SIGNALBOX_TOKEN instead.

Examples:
  signalbox login --hub https://signalbox.example.com
  pass signalbox | signalbox login`,
    )
    .action(async ({ hub, username, json }: LoginFlags) => {
      const body = { username, password: await readPassword() };
      const { token, expiresAt, role } = await ask(hub, '/session', SessionAnswer, {
        method: 'POST',
        body,
      });
      const file = keepCredentials({ hub, token, expiresAt });
      const until = new Date(expiresAt).toISOString();
      process.stdout.write(
        json
          ? `${JSON.stringify({ hub, username, role, expiresAt, file })}\n`
          : `Logged in to ${hub} as ${username} (${role}) until ${until}.\n`,
      );
    });
}

async function readPassword(): Promise<string> {
  const given = process.env['SIGNALBOX_PASSWORD'];
  if (given) return given;
  const typed = process.stdin.isTTY
    ? await password({ message: 'Password:' })
    : (await Bun.stdin.text()).replace(/\r?\n$/, '');
  if (typed === '') throw new Failure('A password is needed.');
  return typed;
}
