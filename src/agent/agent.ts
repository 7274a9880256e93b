// The agent: a process that connects to a hub and runs its commands one at a time. If the connection drops or the agent
// crashes, no output is lost and no command runs twice.
import { chmodSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import type { AgentConnect } from '../protocol/agent-to-hub.ts';
import type { AgentType } from '../protocol/agent-status.ts';
import { type Clock, systemClock } from '../protocol/clock.ts';
import type { Unversioned } from '../protocol/message.ts';
import type { AcpProgram } from './acp/programs.ts';
import { createAcpRunner } from './acp/runner.ts';
import { createChangeTracker } from './changes/change-tracker.ts';
import { createCommands } from './commands.ts';
import { errorMessage } from './error-message.ts';
import { createWorkspaceSearch } from './files/workspace-search.ts';
import { agentSocketUrl, createHubConnection } from './hub-connection.ts';
import { openJournal } from './journal/journal.ts';
import { rejectionMessage } from './rejection.ts';
import type { Runner } from './runner.ts';
import { createRunnerSet } from './runner-set.ts';
import { createShellRunner } from './shell/runner.ts';
import { lockStateFolder } from './state-lock.ts';

export interface AgentOptions {
  /** The hub's base URL: http, https, ws or wss. */
  hub: string;
  /** The hub runs in this process. Its certificate is not verified, because it is for another name than its address. */
  isOwnHub?: boolean;
  agentId: string;
  agentType: AgentType;
  token: string;
  /** Reads the token again after the hub has rejected it. Null if it cannot be read. */
  readToken?: () => string | null;
  /** Where commands run. */
  cwd: string;
  /** A folder for this agent's journal. Created with mode 0700. */
  stateDir: string;
  /** Run shell commands on one terminal with input, instead of separate stdout and stderr. */
  pty: boolean;
  /** The AI program for prompts. Without it the agent runs shell commands only. */
  acp?: AcpProgram;
  /** Defaults to the AI program and the shell. The first runner gives the agent its name. */
  runners?: readonly Runner[];
  clock?: Clock;
  /** Returns numbers in [0, 1), for the reconnect delay. */
  random?: () => number;
  log: (line: string) => void;
}

export interface AgentExit {
  exitCode: number;
  reason: string;
}

export interface RunningAgent {
  /**
   * Stops the running command, sends the last results and disconnects. Takes up to 10 s if the command ignores signals,
   * plus 3 s if the hub does not acknowledge the results. Unacknowledged results stay in the journal for the next
   * start.
   */
  stop(): Promise<void>;
  /** Never rejects. Resolves with exit code 0 after `stop`, or 1 if the agent could not run or was rejected. */
  readonly ended: Promise<AgentExit>;
}

/** How long `stop` waits for the hub to acknowledge the last results, in milliseconds. */
const SETTLE_TIMEOUT_MS = 3_000;

/** Starts an agent. Failures are reported by `ended`. */
export function startAgent(options: AgentOptions): RunningAgent {
  const { stateDir, log } = options;
  try {
    const url = agentSocketUrl(options.hub);
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    chmodSync(stateDir, 0o700);
    const unlock = lockStateFolder(stateDir);
    if (!unlock) return failedAgent(`Another agent process is using ${stateDir}. Stop it first.`);
    return runAgent(options, url, unlock);
  } catch (error) {
    return failedAgent(errorMessage(error));
  }

  function failedAgent(reason: string): RunningAgent {
    log(reason);
    return { stop: () => Promise.resolve(), ended: Promise.resolve({ exitCode: 1, reason }) };
  }
}

function runAgent(options: AgentOptions, url: string, unlock: () => void): RunningAgent {
  const { agentId, clock = systemClock, random = Math.random, log, stateDir } = options;
  const { promise: ended, resolve: end } = Promise.withResolvers<AgentExit>();
  const instanceId = Bun.randomUUIDv7();
  const journal = openJournal(join(stateDir, 'journal.db'), clock, log);
  const runners = createRunnerSet(options.runners ?? defaultRunners(options, clock), clock, log, [
    'files',
  ]);
  const files = createWorkspaceSearch(options.cwd, stateDir, clock);
  const { readToken, isOwnHub } = options;
  const connection = createHubConnection({
    url,
    token: options.token,
    ...(readToken && { readToken }),
    ...(isOwnHub && { isOwnHub }),
    clock,
    random,
    log,
  });
  const tracker = createChangeTracker({ cwd: options.cwd, stateDir, clock, log });
  const commands = createCommands({ connection, journal, runners, tracker, files, clock, log });
  let closing: Promise<void> | null = null;

  function connectMessage(token: string): Unversioned<AgentConnect> {
    return {
      type: 'agent:connect',
      agentId,
      agentType: options.agentType,
      token,
      instanceId,
      runner: { name: runners.name, version: packageJson.version, host: hostname() },
      journalId: journal.id,
      ...runners.announcement(),
      held: commands.summaries(),
      accept: ['changes:revert'],
    };
  }

  function connect(): void {
    if (closing) return;
    connection.open({
      connectMessage,
      heartbeat() {
        const process = commands.processStatus();
        return { type: 'agent:heartbeat', timestamp: clock.now(), ...(process && { process }) };
      },
      onMessage: commands.receive,
      onDisconnect: commands.onDisconnect,
      onReject: (reason, explanation) =>
        void close(1, explanation ?? rejectionMessage(reason, agentId)),
    });
  }

  function close(exitCode: number, reason: string): Promise<void> {
    closing ??= (async () => {
      await commands.stop();
      await settle();
      await connection.close();
      await runners.close();
      journal.close();
      unlock();
      log(reason);
      end({ exitCode, reason });
    })();
    return closing;
  }

  async function settle(): Promise<void> {
    const { promise: timedOut, resolve } = Promise.withResolvers<void>();
    const cancelTimeout = clock.after(SETTLE_TIMEOUT_MS, resolve);
    await Promise.race([commands.settled(), timedOut]);
    cancelTimeout();
  }

  runners.subscribe(() => {
    connection.send({ type: 'agent:capabilities', ...runners.announcement() });
  });
  // Connect only when the capabilities are known: the hub fails queued prompts if the agent does not accept prompts.
  const ready = runners.ready();
  if (ready) void ready.then(connect);
  else connect();

  return { stop: () => close(0, 'The agent was stopped.'), ended };
}

function defaultRunners(options: AgentOptions, clock: Clock): Runner[] {
  const { acp, cwd, pty, stateDir, log } = options;
  const shell = createShellRunner({ cwd, pty, clock, scratch: stateDir });
  return acp ? [createAcpRunner({ acp, cwd, stateDir, clock, log }), shell] : [shell];
}
