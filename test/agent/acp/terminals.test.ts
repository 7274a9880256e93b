import { afterEach, beforeEach, expect, test } from 'bun:test';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import {
  createWorkFolder,
  instruct,
  runPrompt,
  scriptedProgram,
} from '../../support/agent/scripted-program.ts';
import { interrupt } from '../../support/agent/steps.ts';
import { findProcesses, isRunning, parseFirstNumber } from '../../support/processes.ts';

let fixture: AgentFixture;
let work: string;

beforeEach(() => {
  fixture = createAgentFixture({ acknowledge: true });
  work = createWorkFolder(fixture);
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
  expect(findProcesses(fixture.folder)).toEqual([]);
});

const run = (request: unknown) => runPrompt(fixture, work, instruct('run', request));

test('output and exit code are returned to the program, and output is in the transcript', async () => {
  const args = ['-c', "echo 'it''s on'; exit 3"];
  const { stdout } = await run({ command: 'sh', args, cwd: work });
  expect(stdout).toContain('its on');
  expect(stdout).toContain('"output":"its on\\n","truncated":false,"exitCode":3');
});

test('the end of a long output is kept', async () => {
  const { stdout } = await run({ command: 'printf äöü12', outputByteLimit: 5 });
  expect(stdout).toContain('"output":"ü12","truncated":true');
});

test('a command outside the folder is rejected', async () => {
  const { stdout } = await run({ command: 'pwd', cwd: '/' });
  expect(stdout).toContain('is outside of');
});

test('an interrupt stops the commands and everything they started', async () => {
  const hub = await fixture.connect({ acp: scriptedProgram(fixture), cwd: work });
  const id = hub.execute(instruct('run', { command: 'sleep 77 & echo $!; sleep 78' }));
  await hub.waitForOutput(id, '\n');
  const pid = parseFirstNumber(Bun.stripANSI(hub.outputsOf(id)[0]!.data));
  interrupt(hub, id);
  expect((await hub.waitForFinished(id)).finished.outcome).toBe('interrupted');
  expect(isRunning(pid)).toBe(false);
});
