// The people of a round who respond to approval requests.
import type { ChaosDashboard, PendingApproval } from './dashboard/dashboard.ts';
import type { CommandSpec } from './workload.ts';

/** A response is repeated after this time, because it or its result may have been lost. */
const REPEAT_MS = 300;

export type Approver = ReturnType<typeof createApprover>;

export function createApprover(
  commands: readonly CommandSpec[],
  dashboards: readonly ChaosDashboard[],
  observer: ChaosDashboard,
) {
  const specs = new Map(commands.map((spec) => [spec.name, spec]));
  const known = new Set<string>();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  let respondsToAll = false;

  function after(ms: number, act: () => void) {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
  }

  /** Responds, and repeats the response until the dashboard sees that the request is resolved. */
  function respond(dashboard: ChaosDashboard, approvalId: string, optionId: string) {
    const isResolved = dashboard.record.approvalUpdates.some(
      (update) => update.approvalId === approvalId && update.kind === 'resolved',
    );
    if (isResolved) return;
    if (dashboard.pendingApprovals.has(approvalId)) dashboard.respond(approvalId, optionId);
    after(REPEAT_MS, () => respond(dashboard, approvalId, optionId));
  }

  function respondAsPlanned({ approvalId, title }: PendingApproval) {
    const [name = '', index = ''] = title.split(' ');
    const planned = specs.get(name)?.responses[Number(index)];
    if (!planned) return;
    after(planned.afterMs, () => {
      for (const { dashboard, optionId } of planned.from) {
        const responder = dashboards[dashboard];
        if (responder) respond(responder, approvalId, optionId);
      }
    });
  }

  function look() {
    for (const dashboard of [observer, ...dashboards]) {
      for (const approval of dashboard.pendingApprovals.values()) {
        if (!known.has(approval.approvalId)) respondAsPlanned(approval);
        known.add(approval.approvalId);
      }
    }
    if (!respondsToAll) return;
    for (const { approvalId } of observer.pendingApprovals.values()) {
      observer.respond(approvalId, 'yes');
    }
  }

  const ticker = setInterval(look, 20);
  const repeat = () => {
    look();
    after(REPEAT_MS, repeat);
  };

  return {
    /** Returns the number of requests seen. */
    count: () => known.size,
    /** Responds to every request from now on, also to those that nobody was to respond to. */
    respondToAll() {
      clearInterval(ticker);
      respondsToAll = true;
      repeat();
    },
    stop() {
      clearInterval(ticker);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
