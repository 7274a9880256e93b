// `signalbox doctor`: finds problems that keep a user or an agent from working with a hub, and suggests fixes.
import { resolve } from 'node:path';
import { Command } from 'commander';
import { agentIdOption, cwdOption, tokenFileOption } from './agent-options.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { lastHub } from './credentials.ts';
import type { Check, CheckStatus } from './doctor/check.ts';
import { checkAgentToken, checkSession } from './doctor/credentials.ts';
import { checkHub } from './doctor/hub.ts';
import { writeOut } from './output.ts';
import { toJson } from './json.ts';

interface DoctorFlags extends ClientFlags {
  id?: string;
  tokenFile?: string;
  cwd: string;
}

const marks: Readonly<Record<CheckStatus, string>> = { ok: '✓', warning: '!', failed: '✗' };

export function doctorCommand(): Command {
  return withClientOptions(new Command('doctor'))
    .description('Find problems and suggest fixes')
    .addOption(agentIdOption())
    .addOption(tokenFileOption())
    .addOption(cwdOption())
    .addHelpText(
      'after',
      `
Checks the hub, encryption, WebSocket connections, versions, clocks, your
session, an agent token, and the AI programs on this machine, which are started
to test them. Exits with 1 if a check fails. Warnings do not affect the exit
code.

Examples:
  signalbox doctor
  signalbox doctor --hub https://signalbox.example.com --id build-1 --token-file ~/.signalbox-token`,
    )
    .action(async (flags: DoctorFlags) => {
      let hasFailed = false;
      for await (const check of runChecks(flags)) {
        hasFailed ||= check.status === 'failed';
        if (flags.json) writeOut(`${toJson(check)}\n`);
        else printCheck(check);
      }
      process.exitCode = hasFailed ? 1 : 0;
    });
}

async function* runChecks(flags: DoctorFlags): AsyncGenerator<Check> {
  const hub = flags.hub ?? lastHub();
  const isReachable = yield* checkHub(hub);
  if (isReachable) {
    yield await checkSession(hub);
    yield await checkAgentToken(hub, flags.id, flags.tokenFile);
  }
  const { checkPrograms } = await import('./doctor/programs.ts');
  yield* checkPrograms(resolve(flags.cwd));
}

function printCheck({ name, status, message, fix }: Check): void {
  writeOut(`${marks[status]} ${name}: ${message}\n`);
  for (const line of fix?.split('\n') ?? []) writeOut(`    ${line}\n`);
}
