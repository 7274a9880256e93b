// The scripted AI program as an agent runs it, in a work folder of its own.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AcpProgram } from '../../../src/agent/acp/programs.ts';
import type { AgentFixture } from './agent-fixture.ts';

/** The program. Its home folder is the fixture's folder. */
export function scriptedProgram(fixture: AgentFixture, env: Record<string, string> = {}) {
  return {
    title: 'Scripted',
    argv: [process.execPath, join(import.meta.dir, 'acp-program-process.ts')],
    env: { HOME: fixture.folder, ...env },
    signIn: 'scripted login',
  } satisfies AcpProgram;
}

/** Creates the agent's work folder. */
export function createWorkFolder(fixture: AgentFixture): string {
  const work = join(fixture.folder, 'work');
  mkdirSync(work);
  return work;
}

/** A prompt that makes the program use a method of ACP. */
export const instruct = (word: string, argument: unknown) => `@${word} ${JSON.stringify(argument)}`;

/** Runs one prompt with a new agent. */
export async function runPrompt(fixture: AgentFixture, work: string, prompt: string) {
  const hub = await fixture.connect({ acp: scriptedProgram(fixture), cwd: work });
  return hub.waitForFinished(hub.execute(prompt));
}
