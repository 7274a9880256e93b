// Checks of the AI programs on this machine. Each one is started, as only that shows whether it works.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AcpProgram,
  acpPrograms,
  findExecutable,
  installedAgentTypes,
} from '../../agent/acp/programs.ts';
import { createAcpRunner } from '../../agent/acp/runner.ts';
import { childEnvironment } from '../../agent/process/environment.ts';
import { systemClock } from '../../protocol/clock.ts';
import { type Check, ok, warning } from './check.ts';

const TIMEOUT_MS = 15_000;

/** Checks every known program that is installed. @param cwd the working directory for the programs */
export async function* checkPrograms(cwd: string): AsyncGenerator<Check> {
  const installed = installedAgentTypes();
  for (const type of installed) yield await checkProgram(acpPrograms[type], cwd);
  if (installed.length > 0) return;
  yield warning(
    'AI programs',
    'None installed. An agent on this machine can only run shell commands.',
    Object.values(acpPrograms)
      .map(({ install }) => install)
      .join('\n'),
  );
}

async function checkProgram(acp: AcpProgram, cwd: string): Promise<Check> {
  const path = findExecutable(acp) ?? '';
  const version = await readVersion(path);
  const details = `${version ?? 'unknown version'}, ${path}`;
  const stateDir = mkdtempSync(join(tmpdir(), 'signalbox-doctor-'));
  try {
    const runner = createAcpRunner({
      acp,
      cwd,
      stateDir,
      clock: systemClock,
      log: () => undefined,
    });
    await runner.ready;
    const problem = runner.notice?.() ?? null;
    await runner.close?.();
    if (problem === null) return ok(acp.title, `Ready for prompts (${details}).`);
    return warning(acp.title, `Not ready for prompts (${details}). ${problem}`);
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** The version that a program prints for `--version`, or null. */
async function readVersion(path: string): Promise<string | null> {
  try {
    const child = Bun.spawn([path, '--version'], {
      env: childEnvironment(process.env, Bun.randomUUIDv7()),
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: TIMEOUT_MS,
    });
    // Reading to the end could block: a child of the program may keep the pipe open.
    const { value } = await child.stdout.getReader().read();
    return /\d+\.\d+\.\d+\S*/.exec(new TextDecoder().decode(value))?.[0] ?? null;
  } catch {
    return null;
  }
}
