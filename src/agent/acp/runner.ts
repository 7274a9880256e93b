// Runs prompts with an AI program over the Agent Client Protocol (ACP). The program keeps running between prompts. If
// it exits, the next command restarts it and continues the conversation.
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { AvailableCommand, SessionUpdate } from '@agentclientprotocol/sdk';
import { validateCommand } from '../../protocol/capabilities.ts';
import type { Clock } from '../../protocol/clock.ts';
import type { Session } from '../../protocol/entities.ts';
import type { Runner } from '../runner.ts';
import { sleep } from '../sleep.ts';
import { createAvailability, type SlashCommand } from './availability.ts';
import { createClientApp } from './client-app.ts';
import { acpErrorMessage, isAuthRequired } from './error.ts';
import { launch } from './launch.ts';
import { openPidFile } from './pid-file.ts';
import { type AcpProgram, signedOutNotice } from './programs.ts';
import { type AcpSession, newSession } from './session.ts';
import { openSessionFile } from './session-file.ts';
import { startTurn, type Turn } from './turn.ts';
import { createWorkspaceFiles } from './workspace-files.ts';

/** After this many milliseconds without an update, a program is assumed to have sent the whole history. */
const QUIET_MS = 300;
/** How often to check whether a problem with the program has been fixed, in milliseconds. */
const RETRY_MS = 60_000;

export interface AcpRunnerOptions {
  acp: AcpProgram;
  cwd: string;
  /** The agent's state folder. */
  stateDir: string;
  clock: Clock;
  log: (line: string) => void;
}

/** Starts the program. `ready` resolves when it accepts prompts or has a problem. */
export function createAcpRunner(options: AcpRunnerOptions): Runner {
  const { acp, stateDir, clock, log } = options;
  const cwd = realpathSync(options.cwd);
  const env = { ...process.env, ...acp.env };
  const files = createWorkspaceFiles(cwd);
  const pidFile = openPidFile(join(stateDir, 'acp-running.json'), log);
  const sessionFile = openSessionFile(join(stateDir, 'acp-session.json'), acp.argv.join(' '), cwd);
  const availability = createAvailability(acp.title, log);
  let session: AcpSession | null = null;
  let opening: Promise<AcpSession> | null = null;
  let turn: Turn | null = null;
  let isClosed = false;
  let lastUpdateAt = 0;

  const client = createClientApp({ files, currentTurn: () => turn, onUpdate });

  function onUpdate(update: SessionUpdate): void {
    lastUpdateAt = clock.monotonic();
    if (update.sessionUpdate === 'available_commands_update') {
      return availability.setSlashCommands(slashCommands(update.availableCommands));
    }
    turn?.update(update);
    if (session && update.sessionUpdate === 'usage_update' && update.cost) {
      session.totalCost = update.cost.amount;
    }
  }

  async function whenQuiet(): Promise<void> {
    const before = lastUpdateAt;
    await sleep(clock, QUIET_MS);
    if (lastUpdateAt !== before) await whenQuiet();
  }

  /** @throws an error whose message says what to do */
  function open(mode: Session): Promise<AcpSession> {
    opening ??= start(mode).finally(() => {
      opening = null;
    });
    return opening;
  }

  async function start(mode: Session): Promise<AcpSession> {
    const storedId = mode === 'new' ? null : sessionFile.read();
    try {
      const opened = await launch({ acp, cwd, env, clock, pidFile, client, storedId, whenQuiet });
      session = opened;
      void opened.process.exited.then((status) => {
        if (session?.process !== opened.process) return;
        session = null;
        if (!isClosed) log(`${acp.title} exited (${status}); the next command restarts it`);
      });
      availability.setProblem(null);
      return opened;
    } catch (error) {
      const problem = isAuthRequired(error) ? signedOutNotice(acp) : acpErrorMessage(error);
      availability.setProblem(problem);
      throw new Error(problem, { cause: error });
    }
  }

  /** The session for a command: the current one, or a new one if the command asks for it. */
  async function sessionFor(mode: Session): Promise<AcpSession> {
    let current = session ?? (await open(mode));
    if (mode === 'new' && !current.isUnused) {
      current = await newSession(current.process, cwd, acp);
      session = current;
    }
    current.isUnused = false;
    sessionFile.save(current.sessionId);
    return current;
  }

  const cancelRetry = clock.every(RETRY_MS, () => {
    if (availability.problem() !== null && !turn && !opening) {
      open('continue').catch(() => undefined);
    }
  });
  const ready = open('continue').then(
    () => undefined,
    () => undefined,
  );

  return {
    name: acp.title,
    version: acp.argv.join(' '),
    ready,
    capabilities: availability.capabilities,
    descriptions: availability.descriptions,
    notice: availability.problem,
    subscribe: availability.subscribe,
    start(spec, context) {
      const started = startTurn({
        spec,
        context,
        clock,
        acp,
        cwd,
        terminals: { files, scratch: stateDir, env, pidFile },
        session: sessionFor(spec.session),
        onSignedOut: () => availability.setProblem(signedOutNotice(acp)),
      });
      turn = started;
      void started.run.exited.then(() => {
        if (turn === started) turn = null;
      });
      return started.run;
    },
    async close() {
      isClosed = true;
      cancelRetry();
      await opening?.catch(() => undefined);
      await session?.process.close();
    },
  };
}

/** Commands with their slash. Names that cannot be typed as a command are left out. */
function slashCommands(available: readonly AvailableCommand[]): SlashCommand[] {
  const commands = available.map(({ name, description }) => ({
    name: `/${name.replace(/^\//, '')}`,
    description,
  }));
  return commands.filter(({ name }) => validateCommand(name, [name]) === null);
}
