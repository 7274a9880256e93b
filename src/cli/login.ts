// `signalbox login`: signs in to a hub and saves the session for the other commands.
import password from '@inquirer/password';
import { Command } from 'commander';
import { DEFAULT_HUB, envOption, parseOrigin } from '../config.ts';
import { SessionResponse } from '../protocol/api.ts';
import { requestJson } from './api-client.ts';
import { CliError } from './cli-error.ts';
import { jsonOption } from './client-options.ts';
import { saveCredentials } from './credentials.ts';
import { ExitCode } from './exit-codes.ts';
import { writeOut } from './output.ts';

interface LoginFlags {
  hub: string;
  username: string;
  json: boolean;
}

export function loginCommand(): Command {
  return new Command('login')
    .description('Sign in to a hub')
    .addOption(envOption('--hub <url>', 'Hub URL').default(DEFAULT_HUB).argParser(parseOrigin))
    .addOption(envOption('--username <name>', 'Username').default('admin'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Saves the session for the commands run, ps, logs, interrupt and doctor.

Reads the password from SIGNALBOX_PASSWORD, a prompt, or standard input.
Scripts can set SIGNALBOX_TOKEN instead of signing in.

Examples:
  signalbox login --hub https://signalbox.example.com
  pass signalbox | signalbox login`,
    )
    .action(async ({ hub, username, json }: LoginFlags) => {
      const body = { username, password: await readPassword() };
      const { token, expiresAt, role } = await requestJson(hub, '/session', SessionResponse, {
        method: 'POST',
        body,
      });
      const file = saveCredentials({ hub, token, expiresAt });
      const expires = new Date(expiresAt).toISOString();
      writeOut(
        json
          ? `${JSON.stringify({ hub, username, role, expiresAt, file })}\n`
          : `Signed in to ${hub} as ${username} (${role}). The session expires at ${expires}.\n`,
      );
    });
}

async function readPassword(): Promise<string> {
  const given = process.env['SIGNALBOX_PASSWORD'];
  if (given) return given;
  const typed = process.stdin.isTTY
    ? await password({ message: 'Password:' }).catch(cancelled)
    : (await Bun.stdin.text()).replace(/\r?\n$/, '');
  if (typed === '')
    throw new CliError('No password given. Enter it at the prompt, or set SIGNALBOX_PASSWORD.');
  return typed;
}

/** Ctrl-C at the prompt is not a crash. */
function cancelled(error: unknown): never {
  const isCancelled = error instanceof Error && error.name === 'ExitPromptError';
  throw isCancelled ? new CliError('Cancelled.', ExitCode.interrupted) : error;
}
