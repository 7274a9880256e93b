// The last phase of a round: all faults have ended, and the system must come to rest.
import type { ChaosDashboard } from './dashboard/dashboard.ts';
import type { System } from './system.ts';
import type { CommandSpec } from './workload.ts';

export interface SettleOptions {
  observer: ChaosDashboard;
  /** The requested commands, each with the promise of its ID. */
  requested: Map<CommandSpec, Promise<string>>;
  interrupt(dashboard: ChaosDashboard, commandId: string): void;
  /** Describes what it is waiting for, in case that never happens. */
  onStep(description: string): void;
}

/** Resolves once every requested command has ended and every dashboard has received all of its output. */
export async function settle(
  { agents, dashboards }: System,
  { observer, requested, interrupt, onStep }: SettleOptions,
): Promise<void> {
  const ids = new Map<CommandSpec, string>();
  for (const [spec, accepted] of requested) {
    onStep(`for the acceptance of ${spec.name}`);
    ids.set(spec, await accepted);
  }
  onStep('for the observer');
  await observer.waitUntil(observer.isWelcome);
  await observer.ping();
  onStep('for the end of all commands');
  const live = new Set(observer.liveCommands());
  for (const [spec, commandId] of ids) {
    const neverEnds = spec.exitCode === null && spec.timeoutMs === null;
    if (neverEnds && live.has(commandId)) interrupt(observer, commandId);
  }
  await observer.waitUntil(() => observer.liveCommands().length === 0);
  onStep('for the agents to be online');
  const areAgentsOnline = (dashboard: ChaosDashboard) =>
    agents.every(({ agentId }) => dashboard.agentStatus(agentId) === 'online');
  await observer.waitUntil(() => areAgentsOnline(observer));
  for (const dashboard of dashboards) dashboard.followAll([...ids.values()]);
  await Promise.all(
    dashboards.map((dashboard) =>
      dashboard.waitUntil(() => {
        const incomplete = dashboard.incompleteCommands();
        onStep(`for ${dashboard.record.name} to receive the output of ${incomplete.join(' ')}`);
        return dashboard.isWelcome() && areAgentsOnline(dashboard) && incomplete.length === 0;
      }),
    ),
  );
}
