// A real agent against a scripted hub, in folders of its own, cleaned up after the test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentOptions, type RunningAgent, startAgent } from '../../../src/agent/agent.ts';
import type { ManualClock } from '../manual-clock.ts';
import { until } from '../processes.ts';
import { type AgentSocket, createScriptedHub, type ScriptedHub } from './scripted-hub.ts';

type Options = Partial<Omit<AgentOptions, 'clock'>> & { clock?: ManualClock };

export interface AgentFixture {
  readonly hub: ScriptedHub;
  readonly folder: string;
  /** Starts an agent; several share the folder's journal. */
  start(options?: Options): RunningAgent;
  /** Starts an agent and welcomes it. */
  connect(options?: Options): Promise<AgentSocket>;
  /** Stops what was started so far. */
  stopAll(): Promise<void>;
  /** The next line logged from now on that fits. */
  logged(pattern: RegExp): Promise<string>;
  readonly lines: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

export function createAgentFixture(hubOptions: { acknowledge?: boolean } = {}): AgentFixture {
  const hub = createScriptedHub(hubOptions);
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-agent-'));
  const agents: RunningAgent[] = [];
  const clocks = new Set<ManualClock>();
  const lines: string[] = [];
  const watchers = new Set<(line: string) => void>();

  function log(line: string): void {
    lines.push(line);
    for (const watch of watchers) watch(line);
  }

  function start(options: Options = {}): RunningAgent {
    const agent = startAgent({
      hub: hub.url,
      agentId: 'tester',
      agentType: 'claude',
      token: 'secret',
      cwd: folder,
      stateDir: join(folder, 'state'),
      pty: false,
      random: () => 0,
      log,
      ...options,
    });
    agents.push(agent);
    if (options.clock) clocks.add(options.clock);
    return agent;
  }

  return {
    hub,
    folder,
    lines,
    start,
    async connect(options) {
      start(options);
      const socket = await hub.agent();
      socket.welcome();
      return socket;
    },
    async stopAll() {
      await Promise.all(agents.map((agent) => agent.stop()));
    },
    logged: (pattern) =>
      new Promise((resolve) => {
        function watch(line: string): void {
          if (!pattern.test(line)) return;
          watchers.delete(watch);
          resolve(line);
        }
        watchers.add(watch);
      }),
    async [Symbol.asyncDispose]() {
      await hub.stop();
      let isOver = false;
      void Promise.all(agents.map((agent) => agent.stop())).then(() => {
        isOver = true;
      });
      await until(() => {
        for (const clock of clocks) clock.advance(1_000);
        return isOver;
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
