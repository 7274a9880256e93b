// `signalbox doctor`: looks at all that can keep an agent or a person from a hub, and says what to do about it.
import { resolve } from 'node:path';
import { Command } from 'commander';
import { setting } from '../config.ts';
import { agentToken } from './agent-token.ts';
import type { Check, Finding } from './check.ts';
import { checkHub, checkLogin, checkToken } from './check-hub.ts';
import { checkPrograms } from './check-programs.ts';
import { type ClientFlags, withClientOptions } from './client.ts';
import { lastHub } from './credentials.ts';

interface DoctorFlags extends ClientFlags {
  id?: string;
  tokenFile?: string;
  cwd: string;
}

const marks: Record<Finding, string> = { ok: '✓', warning: '!', failed: '✗' };

export function doctorCommand(): Command {
  return withClientOptions(new Command('doctor'))
    .description('Look for what is wrong here, and say what mends it.')
    .addOption(setting('--id <id>', 'the agent whose token is looked at', 'agent_id'))
    .addOption(
      setting(
        '--token-file <file>',
        'where its token stands (or SIGNALBOX_AGENT_TOKEN)',
        'agent_token_file',
      ),
    )
    .addOption(setting('--cwd <dir>', 'where the agent works', 'agent_cwd').default('.'))
    .addHelpText(
      'after',
      `
Looks at the hub, the way to it, versions, clocks, your login, an agent's token, and each AI program, which it starts.
Exits with 1 where something will not work.

Examples:
  signalbox doctor
  signalbox doctor --hub https://signalbox.example.com --id build-1 --token-file ~/.signalbox-token`,
    )
    .action(async (flags: DoctorFlags) => {
      let hasFailed = false;
      for await (const check of checks(flags)) {
        hasFailed ||= check.finding === 'failed';
        if (flags.json) process.stdout.write(`${JSON.stringify(check)}\n`);
        else tell(check);
      }
      process.exitCode = hasFailed ? 1 : 0;
    });
}

async function* checks(flags: DoctorFlags): AsyncGenerator<Check> {
  const hub = flags.hub ?? lastHub();
  const isThere = yield* checkHub(hub);
  if (isThere) {
    yield await checkLogin(hub);
    yield await checkToken(hub, flags.id, tokenOf(flags.tokenFile));
  }
  yield* checkPrograms(resolve(flags.cwd));
}

function tokenOf(file: string | undefined): string | null | Error {
  try {
    return agentToken(file);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function tell({ name, finding, words, mend }: Check): void {
  process.stdout.write(`${marks[finding]} ${name}: ${words}\n`);
  for (const line of mend?.split('\n') ?? []) process.stdout.write(`    ${line}\n`);
}
