// The conformance suite for AI programs: every program passes it, driven by the scripted model server.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AcpProgram } from '../../../src/agent/acp/programs.ts';
import { createTurn } from '../../../src/hub/state/turn.ts';
import { addAgent, signInToApi, startHubBinary } from '../binary.ts';
import { openDashboard } from '../hub/dashboard.ts';
import type { ToolCall } from '../models/model-api.ts';
import { createModelServer, type ModelServer } from '../models/server.ts';
import { findProcesses, pollUntil } from '../processes.ts';
import { type AgentFixture, createAgentFixture } from './agent-fixture.ts';
import type { AgentSocket } from './scripted-hub.ts';

export interface AcpSuiteOptions {
  readonly name: string;
  /** Creates the program with a home folder and the URL of its model. */
  createProgram(home: string, modelUrl: string): AcpProgram;
  /** Creates the program without credentials. */
  createSignedOutProgram(home: string): AcpProgram;
  /** Which optional figures it reports for a turn. */
  readonly reports: { readonly usage: boolean; readonly cost: boolean };
  /** Creates the tool call with which its model writes a file. */
  createWriteCall(path: string, content: string, tools: readonly string[]): ToolCall;
  /** The text it reports for a model error, by HTTP status; only errors that it reports without minutes of retries. */
  readonly modelErrors: Readonly<Record<number, string>>;
  /** Prepares the home folder between two starts, for a program that could not load its conversation otherwise. */
  beforeRestart?(home: string): void;
  readonly testTimeoutMs: number;
}

/** Connects a dashboard to a hub in another process. */
async function connectDashboardTo(url: string) {
  const dashboard = await openDashboard({ wsUrl: url.replace('http', 'ws') });
  const token = (await signInToApi(url))['authorization']?.slice('Bearer '.length) ?? '';
  await dashboard.connect({ issueToken: () => Promise.resolve(token) });
  return dashboard;
}

/** Reads the process ID of the AI program from the state folder of its agent. */
export function readProgramPid(stateDir: string): number {
  return JSON.parse(readFileSync(join(stateDir, 'acp-running.json'), 'utf8'))[0].pid;
}

export function describeAcpProgram(options: AcpSuiteOptions): void {
  describe(options.name, () => {
    let fixture: AgentFixture;
    let model: ModelServer;
    let home: string;

    beforeEach(() => {
      fixture = createAgentFixture({ acknowledge: true });
      model = createModelServer();
      home = join(fixture.folder, 'home');
      mkdirSync(home);
      mkdirSync(workFolder());
    });
    afterEach(async () => {
      await fixture[Symbol.asyncDispose]();
      expect(findProcesses(fixture.folder)).toEqual([]);
      await model.stop();
    });

    const workFolder = () => join(fixture.folder, 'work');
    const createProgram = () => options.createProgram(home, model.url);
    const connect = () => fixture.connect({ acp: createProgram(), cwd: workFolder() });
    const testProgram = (name: string, act: () => Promise<void>) =>
      test(name, act, options.testTimeoutMs);

    function run(hub: AgentSocket, command: string, session?: 'new') {
      return hub.waitForFinished(hub.execute(command, session && { session }));
    }

    /** Returns "I know it." if the conversation contains the code word, and "No idea." otherwise. */
    const recallCodeWord = (userMessages: readonly string[]) =>
      userMessages.join('|').includes('MANGO') ? 'I know it.' : 'No idea.';

    testProgram('announces its capabilities and streams responses', async () => {
      const hub = await connect();
      expect(hub.connectMessage.notice).toBeUndefined();
      expect(hub.connectMessage.capabilities).toContain('prompt');
      expect(hub.connectMessage.capabilities).toContain('shell');
      model.respondWith(() => ({ text: ['Hello', ' from', ' the model'], hang: true }));
      const id = hub.execute('Greet me');
      await hub.waitForOutput(id, 'Hello');
      hub.send({ type: 'command:interrupt', commandId: id, reason: 'user' });
      await hub.waitForFinished(id);
      model.respondWith(() => ({ text: ['Done', ' it.'] }));
      const { stdout, finished } = await run(hub, 'And now?');
      expect(stdout).toContain('Done it.');
      expect(finished).toMatchObject({ outcome: 'completed', exitCode: 0 });
      expect(finished.report?.conversationId).toBeString();
      expect(finished.report?.usage !== undefined).toBe(options.reports.usage);
      expect(finished.report?.usage?.cost !== undefined).toBe(options.reports.cost);
      expect((await run(hub, '!echo $((6 * 7))')).stdout).toBe('42\n');
    });

    testProgram(
      'continues its conversation, also after a restart, until a new one is requested',
      async () => {
        model.respondWith(({ userMessages }) => ({ text: [recallCodeWord(userMessages)] }));
        const hub = await connect();
        await run(hub, 'The word is MANGO');
        expect((await run(hub, 'Which word?')).stdout).toContain('I know it.');
        expect((await run(hub, 'Which word?', 'new')).stdout).toContain('No idea.');
        await run(hub, 'It was MANGO');
        await fixture.stopAll();
        options.beforeRestart?.(home);
        const restarted = await connect();
        const { stdout } = await run(restarted, 'Which word?');
        expect(stdout).toContain('I know it.');
        expect(stdout.match(/I know it\./g)).toHaveLength(1);
      },
    );

    testProgram(
      'sends its turn in parts: messages, and a tool call with its approval and diff',
      async () => {
        fixture.start({ acp: createProgram(), cwd: workFolder() });
        const hub = await fixture.hub.waitForAgent();
        hub.sendWelcome({ accept: ['turn:update'] });
        const file = join(workFolder(), 'note.txt');
        model.respondWith(({ toolResults, latestInput, tools }) => {
          if (toolResults.length > 0 || tools.length === 0 || !latestInput.includes('Write it')) {
            return { text: ['## Do', 'ne\n'] };
          }
          return { toolCall: options.createWriteCall(file, 'written by a model\n', tools) };
        });
        const id = hub.execute('Write it');
        const { approvalId, options: choices } = await hub.waitFor('approval:request');
        const { optionId } = choices.find((option) => option.kind === 'allow_once')!;
        hub.send({ type: 'approval:resolved', approvalId, outcome: 'selected', optionId });
        const { finished } = await hub.waitForFinished(id);
        const turn = createTurn();
        for (const message of hub.received) if (message.type === 'turn:update') turn.apply(message);
        turn.end(finished.turnUpdates);
        expect(turn.state).toBe('complete');
        const texts = turn.parts.map((part) => (part.type === 'message' ? part.text : ''));
        expect(texts.join('')).toContain('## Done');
        const calls = turn.parts.filter((part) => part.type === 'tool');
        const call = calls.find((part) => part.approval !== undefined);
        expect(call).toMatchObject({ status: 'completed', approval: { state: 'allowed' } });
        expect(call?.title).not.toBe('');
        expect(JSON.stringify(call)).toContain('written by a model');
      },
    );

    for (const isApproved of [true, false]) {
      const outcome = isApproved ? 'writes it once approved' : 'does not write it once rejected';
      testProgram(`requests approval to write a file and ${outcome}`, async () => {
        const hub = await connect();
        const file = join(workFolder(), 'note.txt');
        model.respondWith(({ toolResults, latestInput, tools }) => {
          if (toolResults.length > 0 || tools.length === 0 || !latestInput.includes('Write it')) {
            return { text: ['Fine.'] };
          }
          return { toolCall: options.createWriteCall(file, 'written by a model\n', tools) };
        });
        const id = hub.execute('Write it');
        const request = await hub.waitFor('approval:request');
        expect(request.commandId).toBe(id);
        expect(`${request.title} ${request.detail}`).toContain('note.txt');
        expect(request.detail).toContain('written by a model');
        expect(existsSync(file)).toBe(false);
        const { approvalId } = request;
        const kind = isApproved ? 'allow_once' : 'reject_once';
        const { optionId } = request.options.find((option) => option.kind === kind)!;
        hub.send({ type: 'approval:resolved', approvalId, outcome: 'selected', optionId });
        await hub.waitFor('approval:applied');
        const { stdout } = await hub.waitForFinished(id);
        expect(existsSync(file)).toBe(isApproved);
        if (isApproved) expect(readFileSync(file, 'utf8')).toBe('written by a model\n');
        expect(stdout).toContain('note.txt');
        expect(stdout).toContain('written by a model');
      });
    }

    testProgram('an interrupt cancels a pending approval request', async () => {
      const hub = await connect();
      const file = join(workFolder(), 'note.txt');
      model.respondWith(({ latestInput, tools }) =>
        tools.length > 0 && latestInput.includes('Write it')
          ? { toolCall: options.createWriteCall(file, 'no\n', tools) }
          : { text: ['Fine.'] },
      );
      const id = hub.execute('Write it');
      await hub.waitFor('approval:request');
      hub.send({ type: 'command:interrupt', commandId: id, reason: 'user' });
      expect((await hub.waitForFinished(id)).finished).toMatchObject({
        outcome: 'interrupted',
        exitCode: null,
      });
      expect(existsSync(file)).toBe(false);
    });

    testProgram('an interrupt during a response ends the command within 2 s', async () => {
      const hub = await connect();
      model.respondWith(() => ({ text: ['It begins', ' and'], hang: true }));
      const id = hub.execute('Talk on and on');
      await hub.waitForOutput(id, 'It begins');
      const start = performance.now();
      hub.send({ type: 'command:interrupt', commandId: id, reason: 'user' });
      const { finished } = await hub.waitForFinished(id);
      expect(performance.now() - start).toBeLessThan(2_000);
      expect(finished).toMatchObject({ outcome: 'interrupted', exitCode: null });
      await model.waitForDisconnect();
    });

    testProgram(
      'a kill during a response fails the command; the program restarts with its conversation',
      async () => {
        const hub = await connect();
        model.respondWith(({ userMessages }) => {
          const message = userMessages.at(-1) ?? '';
          const hang = message.includes('Talk on and on') && !message.includes('Which word?');
          return hang
            ? { text: ['It begins', ' and'], hang }
            : { text: [recallCodeWord(userMessages)] };
        });
        await run(hub, 'The word is MANGO');
        const id = hub.execute('Talk on and on');
        await hub.waitForOutput(id, 'It begins');
        process.kill(readProgramPid(join(fixture.folder, 'state')), 'SIGKILL');
        const { finished } = await hub.waitForFinished(id);
        expect(finished).toMatchObject({ outcome: 'failed', error: { code: 'program_failed' } });
        expect(finished.error?.message).toContain('exited unexpectedly (SIGKILL)');
        options.beforeRestart?.(home);
        const { stdout } = await run(hub, 'Which word?');
        expect(stdout.match(/I know it\./g)).toHaveLength(1);
        expect(stdout).not.toContain('It begins');
      },
    );

    for (const [status, text] of Object.entries(options.modelErrors)) {
      testProgram(`reports model error ${status}`, async () => {
        const hub = await connect();
        model.respondWith(() => ({ errorStatus: Number(status) }));
        const { finished, stdout } = await run(hub, 'Greet me');
        expect(`${stdout} ${finished.error?.message}`).toContain(text);
        expect(finished.outcome).toBe('failed');
      });
    }

    testProgram('a response is complete although the hub was killed during it', async () => {
      const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
      model.respondWith(() => ({ text: ['It begins', ' and', ' it ends.'], gate }));
      const dataFolder = join(fixture.folder, 'hub');
      const killedHub = await startHubBinary(dataFolder);
      const token = await addAgent(killedHub.url, 'tester');
      const connected = fixture.waitForLog(/connected to/i);
      fixture.start({ hub: killedHub.url, token, acp: createProgram(), cwd: workFolder() });
      await connected;
      const before = await connectDashboardTo(killedHub.url);
      const commandId = await before.request('Talk', { agentId: 'tester' });
      await before.waitForOutput(commandId, 'It begins');

      killedHub.kill('SIGKILL');
      await killedHub.exited;
      openGate();
      const reconnected = fixture.waitForLog(/connected to/i);
      const hub = await startHubBinary(dataFolder, ['--port', new URL(killedHub.url).port]);
      await reconnected;
      const after = await connectDashboardTo(hub.url);
      after.send({ type: 'terminal:attach', commandId });
      await after.waitForComplete(commandId);
      const headers = await signInToApi(hub.url);
      const command = await fetch(`${hub.url}/api/v1/commands/${commandId}`, { headers });
      expect(await command.json()).toMatchObject({ status: 'completed', exitCode: 0 });
      expect(after.outputOf(commandId).match(/It begins and it ends\./g)).toHaveLength(1);
      await fixture.stopAll();
      hub.kill('SIGTERM');
      await hub.exited;
    });

    testProgram(
      'a signed-out program offers only the shell and names its sign-in command',
      async () => {
        const program = options.createSignedOutProgram(home);
        const { connectMessage } = await fixture.connect({ acp: program, cwd: workFolder() });
        expect(connectMessage.capabilities).toEqual(['shell', 'files']);
        expect(connectMessage.notice).toContain('is not signed in');
        expect(connectMessage.notice).toContain(program.signIn ?? 'a command');
      },
    );

    testProgram('ends with its agent', async () => {
      await connect();
      expect(findProcesses(fixture.folder)).not.toEqual([]);
      await fixture.stopAll();
      await pollUntil(() => findProcesses(fixture.folder).length === 0);
    });
  });
}
