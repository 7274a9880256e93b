// What every program behind an agent must do, whichever it is. Each is driven by the same model, which is ours.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AcpProgram } from '../../../src/agent/acp/programs.ts';
import { type AgentFixture, createAgentFixture } from './agent-fixture.ts';
import { addAgent, logIn, startHubBinary } from '../hub/binary.ts';
import { openDashboard } from '../hub/dashboard.ts';
import type { ModelTool } from '../models/answer.ts';
import { createModelServer, type ModelServer } from '../models/server.ts';
import { until } from '../processes.ts';
import type { AgentSocket } from './scripted-hub.ts';

export interface AcpKit {
  readonly name: string;
  /** The program, at home in this folder, with this model. */
  program(home: string, modelUrl: string): AcpProgram;
  /** The same, where nobody has logged in. */
  loggedOut(home: string): AcpProgram;
  /** What it tells of a turn beside the conversation. */
  readonly tells: { readonly usage: boolean; readonly cost: boolean };
  /** How its model has it write a file. */
  writeFile(path: string, content: string, tools: readonly string[]): ModelTool;
  /** Model errors that it tells at once, without trying again for minutes, and in what words. */
  readonly errors: Readonly<Record<number, string>>;
  /** What has to happen between two starts for a conversation to be found again. */
  between?(home: string): void;
  /** How long a test may take, in milliseconds. */
  readonly patience: number;
}

/** Processes that have this folder in their environment. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .filter((pid) => {
      try {
        const isZombie = /\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
        return !isZombie && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder);
      } catch {
        return false;
      }
    });
}

/** A dashboard of a hub that is a process of its own. */
async function watch(url: string) {
  const dashboard = await openDashboard({ wsUrl: url.replace('http', 'ws') });
  const token = (await logIn(url))['authorization']?.slice('Bearer '.length) ?? '';
  await dashboard.hello({ token: () => Promise.resolve(token) }, { token });
  return dashboard;
}

/** The program that an agent has noted in its state folder. */
export function programPid(stateDir: string): number {
  return JSON.parse(readFileSync(join(stateDir, 'acp-running.json'), 'utf8'))[0].pid;
}

export function acpSuite(kit: AcpKit): void {
  describe(kit.name, () => {
    let fixture: AgentFixture;
    let model: ModelServer;
    let home: string;

    beforeEach(() => {
      fixture = createAgentFixture({ acknowledge: true });
      model = createModelServer();
      home = join(fixture.folder, 'home');
      mkdirSync(home);
      mkdirSync(work());
    });
    afterEach(async () => {
      await fixture[Symbol.asyncDispose]();
      expect(processesOf(fixture.folder)).toEqual([]);
      await model.stop();
    });

    const work = () => join(fixture.folder, 'work');
    const connect = () => fixture.connect({ acp: kit.program(home, model.url), cwd: work() });
    const timed = (name: string, act: () => Promise<void>) => test(name, act, kit.patience);

    async function answer(hub: AgentSocket, command: string, session?: 'new') {
      const id = hub.execute(command, session && { session });
      return hub.seen(id);
    }

    timed('streams an answer, and takes prompts as it says', async () => {
      const hub = await connect();
      expect(hub.hello.notice).toBeUndefined();
      expect(hub.hello.capabilities).toContain('prompt');
      expect(hub.hello.capabilities).toContain('shell');
      model.respond(() => ({ words: ['Hello', ' from', ' the model'], hang: true }));
      const id = hub.execute('Greet me');
      await hub.output(id, 'Hello');
      hub.send({ type: 'command:interrupt', commandId: id, reason: 'user' });
      await hub.seen(id);
      model.respond(() => ({ words: ['Done', ' it.'] }));
      const { stdout, finished } = await answer(hub, 'And now?');
      expect(stdout).toContain('Done it.');
      expect(finished).toMatchObject({ outcome: 'completed', exitCode: 0 });
      expect(finished.report?.conversationId).toBeString();
      expect(finished.report?.usage !== undefined).toBe(kit.tells.usage);
      expect(finished.report?.usage?.cost !== undefined).toBe(kit.tells.cost);
      expect((await answer(hub, '!echo $((6 * 7))')).stdout).toBe('42\n');
    });

    timed('remembers, forgets when told to, and remembers after a restart', async () => {
      model.respond(({ said }) => ({
        words: [said.join('|').includes('MANGO') ? 'I know it.' : 'No idea.'],
      }));
      const hub = await connect();
      await answer(hub, 'The word is MANGO');
      expect((await answer(hub, 'Which word?')).stdout).toContain('I know it.');
      expect((await answer(hub, 'Which word?', 'new')).stdout).toContain('No idea.');
      await answer(hub, 'It was MANGO');
      await fixture.stopAll();
      kit.between?.(home);
      const again = await connect();
      const { stdout } = await answer(again, 'Which word?');
      expect(stdout).toContain('I know it.');
      expect(stdout.match(/I know it\./g)).toHaveLength(1);
    });

    for (const isAllowed of [true, false]) {
      timed(`asks before it writes: ${isAllowed ? 'allowed' : 'denied'}`, async () => {
        const hub = await connect();
        const file = join(work(), 'note.txt');
        model.respond(({ results, asked, tools }) => {
          if (results.length > 0 || tools.length === 0 || !asked.includes('Write it'))
            return { words: ['Fine.'] };
          return { tool: kit.writeFile(file, 'written by a model\n', tools) };
        });
        const id = hub.execute('Write it');
        const request = await hub.find('approval:request');
        expect(request.commandId).toBe(id);
        expect(`${request.title} ${request.detail}`).toContain('note.txt');
        expect(request.detail).toContain('written by a model');
        expect(existsSync(file)).toBe(false);
        const { approvalId, options } = request;
        const wanted = isAllowed ? 'allow_once' : 'reject_once';
        const optionId = options.find((option) => option.kind === wanted)!.optionId;
        hub.send({ type: 'approval:resolved', approvalId, outcome: 'selected', optionId });
        await hub.find('approval:applied');
        const { stdout } = await hub.seen(id);
        expect(existsSync(file)).toBe(isAllowed);
        if (isAllowed) expect(readFileSync(file, 'utf8')).toBe('written by a model\n');
        expect(stdout).toContain('note.txt');
        expect(stdout).toContain('written by a model');
      });
    }

    timed('an interrupt while it asks withdraws the question', async () => {
      const hub = await connect();
      const file = join(work(), 'note.txt');
      model.respond(({ asked, tools }) =>
        tools.length > 0 && asked.includes('Write it')
          ? { tool: kit.writeFile(file, 'no\n', tools) }
          : { words: ['Fine.'] },
      );
      const id = hub.execute('Write it');
      await hub.find('approval:request');
      hub.send({ type: 'command:interrupt', commandId: id, reason: 'user' });
      expect((await hub.seen(id)).finished).toMatchObject({
        outcome: 'interrupted',
        exitCode: null,
      });
      expect(existsSync(file)).toBe(false);
    });

    timed('an interrupt in mid-answer ends it within 2 s', async () => {
      const hub = await connect();
      model.respond(() => ({ words: ['It begins', ' and'], hang: true }));
      const id = hub.execute('Talk on and on');
      await hub.output(id, 'It begins');
      const start = performance.now();
      hub.send({ type: 'command:interrupt', commandId: id, reason: 'user' });
      const { finished } = await hub.seen(id);
      expect(performance.now() - start).toBeLessThan(2_000);
      expect(finished).toMatchObject({ outcome: 'interrupted', exitCode: null });
      await model.abandoned();
    });

    timed('killed in mid-answer it fails, and is started again with its memory', async () => {
      const hub = await connect();
      model.respond(({ said }) =>
        said.at(-1)?.includes('Talk on and on') && !said.at(-1)?.includes('Which word?')
          ? { words: ['It begins', ' and'], hang: true }
          : { words: [said.join('|').includes('MANGO') ? 'I know it.' : 'No idea.'] },
      );
      await answer(hub, 'The word is MANGO');
      const id = hub.execute('Talk on and on');
      await hub.output(id, 'It begins');
      process.kill(programPid(join(fixture.folder, 'state')), 'SIGKILL');
      const { finished } = await hub.seen(id);
      expect(finished).toMatchObject({ outcome: 'failed', error: { code: 'program_failed' } });
      expect(finished.error?.message).toContain('exited unexpectedly (SIGKILL)');
      kit.between?.(home);
      const { stdout } = await answer(hub, 'Which word?');
      expect(stdout.match(/I know it\./g)).toHaveLength(1);
      expect(stdout).not.toContain('It begins');
    });

    for (const [status, words] of Object.entries(kit.errors)) {
      timed(`tells in words that the model answers ${status}`, async () => {
        const hub = await connect();
        model.respond(() => ({ error: Number(status) }));
        const { finished, stdout } = await answer(hub, 'Greet me');
        expect(`${stdout} ${finished.error?.message}`).toContain(words);
        expect(finished.outcome).toBe('failed');
      });
    }

    timed('a hub killed in mid-answer loses nothing of it', async () => {
      const { promise: gate, resolve: goOn } = Promise.withResolvers<void>();
      model.respond(() => ({ words: ['It begins', ' and', ' it ends.'], gate }));
      const data = join(fixture.folder, 'hub');
      const first = await startHubBinary(data);
      const token = await addAgent(first.url, 'tester');
      const connected = fixture.logged(/connected to/);
      fixture.start({
        hub: first.url,
        token,
        acp: kit.program(home, model.url),
        cwd: work(),
      });
      await connected;
      const before = await watch(first.url);
      const commandId = await before.request('Talk', { agentId: 'tester' });
      await before.when(() => before.text(commandId).includes('It begins') || undefined, 'output');

      first.kill('SIGKILL');
      await first.exited;
      goOn();
      const again = fixture.logged(/connected to/);
      const second = await startHubBinary(data, ['--port', new URL(first.url).port]);
      await again;
      const after = await watch(second.url);
      after.say({ type: 'terminal:attach', commandId });
      await after.complete(commandId);
      const headers = await logIn(second.url);
      const ended = await fetch(`${second.url}/api/v1/commands/${commandId}`, { headers });
      expect(await ended.json()).toMatchObject({ status: 'completed', exitCode: 0 });
      expect(after.text(commandId).match(/It begins and it ends\./g)).toHaveLength(1);
      await fixture.stopAll();
      second.kill('SIGTERM');
      await second.exited;
    });

    timed('nobody logged in: the shell alone, and the command that logs in', async () => {
      const program = kit.loggedOut(home);
      const hub = await fixture.connect({ acp: program, cwd: work() });
      expect(hub.hello.capabilities).toEqual(['shell']);
      expect(hub.hello.notice).toContain('is not signed in');
      expect(hub.hello.notice).toContain(program.signIn ?? 'a command');
    });

    timed('is gone with its agent', async () => {
      await connect();
      expect(processesOf(fixture.folder)).not.toEqual([]);
      await fixture.stopAll();
      await until(() => processesOf(fixture.folder).length === 0);
    });
  });
}
