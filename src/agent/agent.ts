// The agent: one process that connects to a hub and runs its commands, one at a time. It can lose the hub, or its own
// life, without losing output, and without running anything twice.
import { chmodSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import type { AgentConnect } from '../protocol/agent-to-hub.ts';
import type { AgentType } from '../protocol/agent-status.ts';
import { type Clock, systemClock } from '../protocol/clock.ts';
import type { Unversioned } from '../protocol/message.ts';
import { createAcpRunner } from './acp/runner.ts';
import type { AcpProgram } from './acp/programs.ts';
import { createCommands } from './commands.ts';
import { openJournal } from './journal/journal.ts';
import { type Link, openLink, socketAddress } from './hub-connection.ts';
import type { Runner } from './runner.ts';
import { createShellRunner } from './shell/runner.ts';
import { lockStateFolder } from './state-lock.ts';

export interface AgentOptions {
  /** The hub's base address: http, https, ws or wss. */
  hub: string;
  agentId: string;
  agentType: AgentType;
  token: string;
  /** Where commands run. */
  cwd: string;
  /** A folder of this agent alone, for its journal; made with mode 0700. */
  stateDir: string;
  /** Run shell commands on one real terminal, with input, instead of stdout and stderr apart. */
  pty: boolean;
  /** The AI's program that takes prompts beside the shell; none unless told. */
  acp?: AcpProgram;
  /** What runs commands: the AI's program and the shell, unless told otherwise. The first one gives the agent its name. */
  runners?: readonly Runner[];
  clock?: Clock;
  /** Numbers in [0, 1) for the back-off. */
  random?: () => number;
  log: (line: string) => void;
}

export interface AgentEnd {
  exitCode: number;
  reason: string;
}

export interface RunningAgent {
  /**
   * Ends the running command, tells the hub what can be told, and closes. It takes up to 10 s where a command resists,
   * and 3 s more where the hub does not answer. What could not be told is in the journal for the next start.
   */
  stop(): Promise<void>;
  /** Resolves, never rejects, when the agent is over: with 0 after `stop`, with 1 when it cannot or may not go on. */
  readonly ended: Promise<AgentEnd>;
}

/** How long `stop` waits for the hub to acknowledge the last results, in milliseconds. */
const FLUSH_MS = 3_000;
/** How long a runner may keep the agent from connecting, in milliseconds. */
const READY_MS = 15_000;
/** A notice in a message is no longer than this. */
const NOTICE_LENGTH = 1_024;

/** Starts an agent. Whatever is wrong is told by `ended`. */
export function startAgent(options: AgentOptions): RunningAgent {
  const { stateDir, log } = options;
  try {
    socketAddress(options.hub);
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    chmodSync(stateDir, 0o700);
    const unlock = lockStateFolder(stateDir);
    if (!unlock) return cannotStart(`Another agent process is using ${stateDir}.`);
    return run(options, unlock);
  } catch (error) {
    return cannotStart(error instanceof Error ? error.message : String(error));
  }

  function cannotStart(reason: string): RunningAgent {
    log(reason);
    return { stop: () => Promise.resolve(), ended: Promise.resolve({ exitCode: 1, reason }) };
  }
}

function run(options: AgentOptions, unlock: () => void): RunningAgent {
  const { clock = systemClock, random = Math.random, log, stateDir } = options;
  const { promise: ended, resolve: end } = Promise.withResolvers<AgentEnd>();
  const instanceId = Bun.randomUUIDv7();
  const journal = openJournal(join(stateDir, 'journal.db'), clock, log);
  const { cwd, pty, acp } = options;
  const runners = options.runners ?? [
    ...(acp ? [createAcpRunner({ acp, cwd, stateDir, clock, log })] : []),
    createShellRunner({ cwd, pty, clock, scratch: stateDir }),
  ];
  let changed = () => {};
  let over: Promise<void> | null = null;
  let link: Link | null = null;

  const commands = createCommands({
    journal,
    runners,
    clock,
    log,
    send: (message) => link?.send(message) ?? false,
    isUp: () => link?.isUp() ?? false,
    changed: () => changed(),
  });

  function connect(): void {
    if (over) return;
    link = openLink({
      hub: options.hub,
      clock,
      random,
      log,
      hello,
      heartbeat() {
        const process = commands.process();
        return { type: 'agent:heartbeat', timestamp: clock.now(), ...(process && { process }) };
      },
      welcome: commands.receive,
      message: commands.receive,
      away() {
        commands.away();
        changed();
      },
      refused: (reason) => void close(1, `The hub has refused this agent: ${reason}.`),
    });
  }

  for (const runner of runners) {
    runner.watch?.(() => {
      link?.send({
        type: 'agent:capabilities',
        capabilities: commands.capabilities(),
        ...notice(),
      });
    });
  }

  /** What is missing, for people. */
  function notice(): { notice?: string } {
    const all = runners.flatMap((runner) => runner.notice?.() ?? []);
    return all.length > 0 ? { notice: all.join('\n').slice(0, NOTICE_LENGTH) } : {};
  }

  function hello(): Unversioned<AgentConnect> {
    return {
      type: 'agent:connect',
      agentId: options.agentId,
      agentType: options.agentType,
      token: options.token,
      capabilities: commands.capabilities(),
      instanceId,
      runner: {
        name: runners[0]?.name ?? 'none',
        version: packageJson.version,
        host: hostname(),
      },
      journalId: journal.id,
      ...notice(),
      held: commands.held(),
    };
  }

  function close(exitCode: number, reason: string): Promise<void> {
    over ??= (async () => {
      await commands.stop();
      await flushed();
      await link?.close();
      for (const runner of runners) await runner.close?.();
      journal.close();
      unlock();
      log(reason);
      end({ exitCode, reason });
    })();
    return over;
  }

  /** Resolves when the hub has acknowledged all results, or will not. */
  function flushed(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(FLUSH_MS, resolve);
    changed = () => {
      if (!commands.isQuiet() && link?.isUp()) return;
      cancel();
      resolve();
    };
    changed();
    return promise;
  }

  // A hub that heard of no prompts would refuse those that wait in its queue.
  const waits = runners.flatMap((runner) => runner.ready ?? []);
  if (waits.length === 0) connect();
  else void Promise.race([Promise.all(waits), later(READY_MS)]).then(connect);

  function later(ms: number): Promise<void> {
    return new Promise((resolve) => void clock.after(ms, resolve));
  }

  return { stop: () => close(0, 'The agent was stopped.'), ended };
}
