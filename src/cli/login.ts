// `signalbox login`: signs in to a hub and saves the session for the other commands.
import { Command } from 'commander';
import { DEFAULT_HUB, envOption, parseOrigin } from '../config.ts';
import { type SessionBody, SessionResponse } from '../protocol/api.ts';
import { requestJson } from './api-client.ts';
import { HubRejection } from './cli-error.ts';
import { jsonOption } from './client-options.ts';
import { saveCredentials } from './credentials.ts';
import { writeOut } from './output.ts';
import { readCode, readCurrentPassword } from './password-prompt.ts';
import { toJson } from './json.ts';

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
Saves the session for the commands run, ps, logs, search, interrupt and doctor.

Reads the password from SIGNALBOX_PASSWORD, a prompt, or standard input.
With two-factor sign-in, reads the code from SIGNALBOX_CODE or a prompt.
Scripts can set SIGNALBOX_TOKEN to an API token instead of signing in: see
"signalbox token add --help".

Examples:
  signalbox login --hub https://signalbox.example.com
  pass signalbox | signalbox login`,
    )
    .action(async ({ hub, username, json }: LoginFlags) => {
      const password = await readCurrentPassword();
      const { token, expiresAt, role } = await signIn(hub, { username, password });
      const file = saveCredentials({ hub, token, expiresAt });
      const expires = new Date(expiresAt).toISOString();
      writeOut(
        json
          ? `${toJson({ hub, username, role, expiresAt, file })}\n`
          : `Signed in to ${hub} as ${username} (${role}). The session expires at ${expires}.\n`,
      );
    });
}

/** Signs in, and asks for a code if the hub requires one. */
async function signIn(hub: string, body: SessionBody): Promise<SessionResponse> {
  const post = (fields: SessionBody) =>
    requestJson(hub, '/session', SessionResponse, { method: 'POST', body: fields });
  try {
    return await post(body);
  } catch (error) {
    const isCodeRequired = error instanceof HubRejection && error.code === 'code_required';
    if (!isCodeRequired) throw error;
    return post({ ...body, code: await readCode() });
  }
}
