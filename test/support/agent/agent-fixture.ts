// A real agent connected to a scripted hub, in a temporary folder.
import { join } from 'node:path';
import { type AgentOptions, type RunningAgent, startAgent } from '../../../src/agent/agent.ts';
import { createCondition } from '../condition.ts';
import type { ManualClock } from '../manual-clock.ts';
import { pollUntil } from '../processes.ts';
import { createTemporaryFolder } from '../temporary-folder.ts';
import { type AgentSocket, createScriptedHub, type ScriptedHub } from './scripted-hub.ts';

type Options = Partial<Omit<AgentOptions, 'clock'>> & { clock?: ManualClock };

export interface AgentFixture {
  readonly hub: ScriptedHub;
  readonly folder: string;
  /** Starts an agent; all agents of a fixture share one state folder. */
  start(options?: Options): RunningAgent;
  /** Starts an agent and sends it the welcome. */
  connect(options?: Options): Promise<AgentSocket>;
  /** Stops all agents started so far. */
  stopAll(): Promise<void>;
  /** Resolves with the next log line that matches; ignores earlier lines. */
  waitForLog(pattern: RegExp): Promise<string>;
  readonly logLines: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param hubOptions options of the scripted hub */
export function createAgentFixture(hubOptions: { acknowledge?: boolean } = {}): AgentFixture {
  const hub = createScriptedHub(hubOptions);
  const folder = createTemporaryFolder();
  const agents: RunningAgent[] = [];
  const clocks = new Set<ManualClock>();
  const logLines: string[] = [];
  const logged = createCondition();

  function log(line: string): void {
    logLines.push(line);
    logged.notify();
  }

  function start(options: Options = {}): RunningAgent {
    const agent = startAgent({
      hub: hub.url,
      agentId: 'tester',
      agentType: 'claude',
      token: 'secret',
      cwd: folder.path,
      stateDir: join(folder.path, 'state'),
      pty: false,
      random: () => 0,
      log,
      ...options,
    });
    agents.push(agent);
    if (options.clock) clocks.add(options.clock);
    return agent;
  }

  async function stopAll() {
    await Promise.all(agents.map((agent) => agent.stop()));
  }

  return {
    hub,
    folder: folder.path,
    logLines,
    start,
    async connect(options) {
      start(options);
      const socket = await hub.waitForAgent();
      socket.sendWelcome();
      return socket;
    },
    stopAll,
    waitForLog(pattern) {
      const from = logLines.length;
      return logged.waitUntil(() => logLines.slice(from).find((line) => pattern.test(line)));
    },
    async [Symbol.asyncDispose]() {
      await hub.stop();
      let areStopped = false;
      void stopAll().then(() => {
        areStopped = true;
      });
      // An agent that is stopping its command may be waiting for a manual clock.
      await pollUntil(() => {
        for (const clock of clocks) clock.advance(1_000);
        return areStopped;
      });
      folder.remove();
    },
  };
}
