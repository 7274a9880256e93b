// What `signalbox doctor` finds out about the AI programs of this machine: each is really started.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AcpProgram, acpPrograms, installedTypes, whereIs } from '../agent/acp/programs.ts';
import { createAcpRunner } from '../agent/acp/runner.ts';
import { childEnvironment } from '../agent/process/environment.ts';
import { agentTypes } from '../config.ts';
import { systemClock } from '../protocol/clock.ts';
import { type Check, ok, warning } from './check.ts';

const ANSWER_MS = 15_000;

/** Every program we know, one after the other. @param cwd where they are to work */
export async function* checkPrograms(cwd: string): AsyncGenerator<Check> {
  const installed = installedTypes();
  for (const type of installed) yield await checkProgram(acpPrograms[type], cwd);
  if (installed.length > 0) return;
  const commands = agentTypes.map((type) => acpPrograms[type].install).join('\n');
  yield warning(
    'Programs',
    'No AI program is installed: an agent here takes shell commands alone.',
    commands,
  );
}

async function checkProgram(acp: AcpProgram, cwd: string): Promise<Check> {
  const path = whereIs(acp) ?? '';
  const version = await versionOf(path);
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
    if (problem === null) return ok(acp.title, `${version} takes prompts (${path}).`);
    return warning(acp.title, `${version} takes no prompts (${path}). ${problem}`);
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** What a program says of its version: a line, or nothing of use. */
async function versionOf(path: string): Promise<string> {
  try {
    const child = Bun.spawn([path, '--version'], {
      env: childEnvironment(process.env, Bun.randomUUIDv7()),
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: ANSWER_MS,
    });
    // What it leaves behind may hold its output open: the first of it is enough.
    const { value } = await child.stdout.getReader().read();
    const text = new TextDecoder().decode(value);
    return /\d+\.\d+\.\d+\S*/.exec(text)?.[0] ?? 'Some version';
  } catch {
    return 'Some version';
  }
}
