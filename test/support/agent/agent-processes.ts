// Agents in processes of their own, for tests that kill them.
import { join } from 'node:path';
import type { AgentFixture } from './agent-fixture.ts';

export function createAgentProcesses(fixture: AgentFixture) {
  const processes: Bun.Subprocess[] = [];

  function start() {
    const options = {
      hub: fixture.hub.url,
      agentId: 'tester',
      agentType: 'claude',
      token: 'secret',
      cwd: fixture.folder,
      stateDir: join(fixture.folder, 'state'),
      pty: false,
    };
    const script = join(import.meta.dir, 'agent-process.ts');
    const child = Bun.spawn([process.execPath, script, JSON.stringify(options)], {
      stdout: 'pipe',
      stderr: 'inherit',
    });
    processes.push(child);
    return child;
  }

  return {
    start,

    /** Starts an agent, runs `command` until it has written `text`, and kills the agent with SIGKILL. */
    async crash(command: string, text: string) {
      const child = start();
      const hub = await fixture.hub.waitForAgent();
      hub.sendWelcome();
      const commandId = hub.execute(command);
      await hub.waitForOutput(commandId, text);
      child.kill('SIGKILL');
      await child.exited;
      return { hub, commandId };
    },

    killAll(): void {
      for (const child of processes.splice(0)) child.kill('SIGKILL');
    },
  };
}

/** Resolves when an agent's log contains `text`. */
export async function waitForLogText(
  agent: ReturnType<ReturnType<typeof createAgentProcesses>['start']>,
  text: string,
): Promise<void> {
  const reader = agent.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (let log = ''; !log.includes(text);) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the agent exited without logging "${text}"`);
    log += value;
  }
}
