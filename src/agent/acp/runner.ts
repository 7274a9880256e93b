// Runs prompts with an AI's program over the Agent Client Protocol. The program is started once and kept; one that has
// ended is started again by the next command, and goes on with its conversation.
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type AvailableCommand, client, RequestError } from '@agentclientprotocol/sdk';
import type { Clock } from '../../protocol/clock.ts';
import type { Session } from '../../protocol/entities.ts';
import { validateCommand } from '../../protocol/capabilities.ts';
import { acpErrorMessage, isAuthRequired } from './error.ts';
import { createWorkspaceFiles } from './files.ts';
import { openPidFile } from './pid-file.ts';
import { mayBeLoggedIn } from './login.ts';
import { removeStaleSnapshots } from './folder-snapshot.ts';
import { startAcpProcess } from './process.ts';
import { type AcpProgram, notInstalled, notLoggedIn, findExecutable } from './programs.ts';
import { type AcpSession, newSession, openSession } from './session.ts';
import { openSessionFile } from './session-file.ts';
import { startTurn, type Turn } from './turn.ts';
import type { Runner } from '../runner.ts';

/** How long a program may take until it takes prompts. */
const START_MS = 60_000;
/** A program that has been silent for so long has told all there was. */
const QUIET_MS = 300;
/** How often what was missing is looked for again. */
const RETRY_MS = 60_000;

export interface AcpRunnerOptions {
  acp: AcpProgram;
  cwd: string;
  /** The agent's own folder. */
  stateDir: string;
  clock: Clock;
  log: (line: string) => void;
}

/** Starts the program; `ready` resolves when it takes prompts, or is known not to. */
export function createAcpRunner(options: AcpRunnerOptions): Runner {
  const { acp, stateDir, clock, log } = options;
  const cwd = realpathSync(options.cwd);
  const env = { ...process.env, ...acp.env };
  const files = createWorkspaceFiles(cwd);
  removeStaleSnapshots(stateDir);
  const pidFile = openPidFile(join(stateDir, 'acp-running.json'), log);
  const kept = openSessionFile(join(stateDir, 'acp-session.json'), acp.argv.join(' '), cwd);
  let live: AcpSession | null = null;
  let opening: Promise<AcpSession> | null = null;
  let turn: Turn | null = null;
  let isReady = false;
  /** What is missing, in words. */
  let problem: string | null = null;
  let commands: string[] = [];
  let changed = () => {};
  let isClosed = false;
  let lastNewsAt = 0;

  const app = client({ name: 'signalbox' })
    .onNotification('session/update', ({ params: { update } }) => {
      lastNewsAt = clock.now();
      if (update.sessionUpdate === 'available_commands_update') {
        return announce(update.availableCommands);
      }
      turn?.update(update);
      if (live && update.sessionUpdate === 'usage_update' && update.cost) {
        live.spent = update.cost.amount;
      }
    })
    .onRequest('session/request_permission', async ({ params, requestId }) =>
      turn ? turn.ask(params, requestId) : { outcome: { outcome: 'cancelled' } },
    )
    .onRequest('fs/read_text_file', async ({ params }) => ({
      content: await files.read(params.path, params),
    }))
    .onRequest('fs/write_text_file', ({ params }) => files.write(params.path, params.content))
    .onRequest('terminal/create', ({ params }) => ({ terminalId: current().create(params) }))
    .onRequest('terminal/output', ({ params }) => current().output(params.terminalId))
    .onRequest('terminal/wait_for_exit', ({ params }) => current().ended(params.terminalId))
    .onRequest('terminal/kill', ({ params }) => current().kill(params.terminalId))
    .onRequest('terminal/release', ({ params }) => current().release(params.terminalId));

  function current() {
    if (!turn) throw new Error('No prompt is being answered.');
    return turn.terminals;
  }

  function announce(available: readonly AvailableCommand[]): void {
    const names = available.map(({ name }) => `/${name.replace(/^\//, '')}`);
    const news = names.filter((name) => validateCommand(name, [name]) === null);
    if (news.join(' ') === commands.join(' ')) return;
    commands = news;
    if (isReady) changed();
  }

  /** @throws with words for people where the program cannot be had */
  function open(session: Session): Promise<AcpSession> {
    opening ??= start(session).finally(() => {
      opening = null;
    });
    return opening;
  }

  async function start(session: Session): Promise<AcpSession> {
    try {
      const opened = await launch(session === 'new' ? null : kept.read());
      live = opened;
      settle(null);
      return opened;
    } catch (error) {
      settle(isAuthRequired(error) ? notLoggedIn(acp) : acpErrorMessage(error));
      throw problem === null ? error : new Error(problem);
    }
  }

  async function launch(keptId: string | null): Promise<AcpSession> {
    if (findExecutable(acp, env) === null) throw new Error(notInstalled(acp));
    if (!(await mayBeLoggedIn(acp, env))) throw RequestError.authRequired();
    const program = startAcpProcess({ argv: acp.argv, cwd, env, clock, pidFile, client: app });
    void program.ended.then((how) => {
      if (live?.program !== program) return;
      live = null;
      if (!isClosed) log(`${acp.title} has ended (${how}); the next command starts it again`);
    });
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const seconds = START_MS / 1000;
    const late = () => reject(new Error(`${acp.title} does not answer: it had ${seconds} s.`));
    const cancel = clock.after(START_MS, late);
    const ended = program.ended.then((how): never => {
      const words = program.lastWords().trim().split('\n').at(-1) ?? '';
      throw new Error(`${acp.title} does not start (${how}). ${words}`.trim());
    });
    try {
      const session = openSession(program, { acp, cwd, env, kept: keptId, quiet });
      // A connection that just closes says nothing: how the program ended does.
      const told = session.catch((error: unknown) => {
        if (error instanceof RequestError) throw error;
        return ended;
      });
      return await Promise.race([told, ended, tooLate]);
    } catch (error) {
      await program.close();
      throw error;
    } finally {
      cancel();
      ended.catch(() => undefined);
    }
  }

  async function quiet(): Promise<void> {
    const before = lastNewsAt;
    await new Promise<void>((resolve) => void clock.after(QUIET_MS, resolve));
    if (lastNewsAt !== before) await quiet();
  }

  /** What is missing now; null where nothing is. */
  function settle(news: string | null): void {
    if (news === problem && isReady === (news === null)) return;
    problem = news;
    isReady = news === null;
    log(news ?? `${acp.title} takes prompts`);
    changed();
  }

  async function sessionFor(session: Session): Promise<AcpSession> {
    const opened = live ?? (await open(session));
    const isOther = session === 'new' && !opened.isFresh;
    const ours = isOther ? await another(opened) : opened;
    ours.isFresh = false;
    kept.keep(ours.sessionId);
    return ours;
  }

  async function another({ program, about }: AcpSession): Promise<AcpSession> {
    const sessionId = await newSession(program, cwd, acp);
    live = { program, about, sessionId, isFresh: true, hasLost: false, spent: 0 };
    return live;
  }

  const cancelRetry = clock.every(RETRY_MS, () => {
    if (problem !== null && !turn && !opening) open('continue').catch(() => undefined);
  });
  const ready = open('continue').then(
    () => undefined,
    () => undefined,
  );

  return {
    name: acp.title,
    version: acp.argv.join(' '),
    ready,
    capabilities: () => (isReady ? ['prompt', ...commands] : []),
    notice: () => problem,
    watch(act) {
      changed = act;
    },
    start(job, host) {
      const mine = startTurn({
        job,
        host,
        clock,
        acp,
        folder: cwd,
        terminals: { files, scratch: stateDir, env, pidFile },
        session: sessionFor(job.session),
        loggedOut: () => settle(notLoggedIn(acp)),
      });
      turn = mine;
      void mine.run.ended.then(() => {
        if (turn === mine) turn = null;
      });
      return mine.run;
    },
    async close() {
      isClosed = true;
      cancelRetry();
      await opening?.catch(() => undefined);
      await live?.program.close();
    },
  };
}
