// The faults of a round, done to the world at their times, and counted where they met somebody.
import type { ChaosAgent } from './agent.ts';
import type { Fault, FaultKind } from './plan.ts';
import type { Proxy } from './proxy.ts';
import type { World } from './world.ts';

const wait = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** Runs tasks for one thing one after the other. */
function createTurns() {
  const last = new Map<object, Promise<void>>();
  return (whose: object, task: () => Promise<void>): Promise<void> => {
    const next = (last.get(whose) ?? Promise.resolve()).then(task);
    last.set(whose, next);
    return next;
  };
}

export function createFaults(
  { hub, agents, dashboards, proxies }: World,
  counted: (kind: FaultKind) => void,
) {
  /** A process is killed, frozen and thawed by one fault at a time. */
  const inTurn = createTurns();

  function at<T>(list: readonly T[], index: number): T {
    const found = list[index % list.length];
    if (found === undefined) throw new Error('there is nobody');
    return found;
  }

  /** Changes a proxy's weather for a while. */
  async function spell(
    kind: FaultKind,
    proxy: Proxy,
    lasts: number,
    change: () => void,
    back: () => void,
  ) {
    if (proxy.live() > 0) counted(kind);
    change();
    await wait(lasts);
    back();
  }

  async function freeze(kind: FaultKind, lasts: number, what: { freeze(): void; thaw(): void }) {
    counted(kind);
    what.freeze();
    await wait(lasts);
    what.thaw();
  }

  /** Does one fault; resolves when it is over. */
  return async function inject({ kind, lasts, whom, amount }: Fault): Promise<void> {
    const proxy = at(proxies, whom);
    const { weather } = proxy;
    const agent: ChaosAgent = at(agents, whom);
    switch (kind) {
      case 'cut':
        if (proxy.live() > 0) counted(kind);
        return proxy.cut();
      case 'cut-mid-frame': {
        const before = proxy.broken;
        proxy.breakNext(whom % 3 === 0 ? 'up' : 'down');
        await wait(lasts);
        weather.breaks = null;
        if (proxy.broken > before) counted(kind);
        return;
      }
      case 'delay':
        return spell(
          kind,
          proxy,
          lasts,
          () => (weather.delayMs = amount),
          () => (weather.delayMs = 0),
        );
      case 'trickle':
        return spell(
          kind,
          proxy,
          lasts,
          () => (weather.trickles = true),
          () => (weather.trickles = false),
        );
      case 'stall':
        return spell(kind, proxy, lasts, proxy.stall, proxy.flow);
      case 'ghost':
        return spell(kind, proxy, lasts, proxy.haunt, proxy.exorcise);
      case 'repeat-frames': {
        const agentProxy = at(proxies.slice(0, agents.length), whom);
        const before = agentProxy.repeated;
        agentProxy.weather.repeats = amount;
        await wait(lasts);
        agentProxy.weather.repeats = 0;
        if (agentProxy.repeated > before) counted(kind);
        return;
      }
      case 'hub-kill':
        counted(kind);
        return inTurn(hub, hub.kill);
      case 'hub-restart':
        counted(kind);
        return inTurn(hub, hub.restart);
      case 'hub-freeze':
        return inTurn(hub, () => freeze(kind, lasts, hub));
      case 'agent-kill':
        counted(kind);
        return inTurn(agent, () => agent.kill(lasts / 4));
      case 'agent-restart':
        counted(kind);
        return inTurn(agent, agent.restart);
      case 'journal-loss':
        counted(kind);
        return inTurn(agent, () => agent.loseJournal(lasts / 4));
      case 'agent-freeze':
        return inTurn(agent, () => freeze(kind, lasts, agent));
      case 'slow-reader': {
        const dashboard = at(dashboards, whom);
        if (dashboard.isWelcome()) counted(kind);
        dashboard.pause();
        await wait(lasts);
        return dashboard.unpause();
      }
      case 'clock-jump':
        counted(kind);
        return inTurn(hub, () => Promise.resolve(hub.jump(amount)));
      default:
        kind satisfies never;
    }
  };
}
