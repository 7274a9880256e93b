// `/ws/dashboard`: from frames to the hub's dashboards.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { tellDashboard } from '../../hub/link.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import { createDecoder } from '../../protocol/codec.ts';
import { type DashboardToHub, dashboardToHub } from '../../protocol/dashboard-to-hub.ts';
import { createDoor, type DoorOptions, inflate } from './socket.ts';
import type { Tokens } from '../tokens.ts';

export function createDashboardSocket({ dashboards }: Hub, tokens: Tokens, options: DoorOptions) {
  const door = createDoor<DashboardToHub>(
    {
      decode: createDecoder(dashboardToHub, inflate),
      firstType: 'dashboard:connect',
      async first(link, message) {
        if (message.type !== 'dashboard:connect') return;
        const identity = await tokens.read(message.token, ['session', 'socket']);
        if (identity) return dashboards.connect(link, identity, message);
        tellDashboard(link, {
          type: 'error',
          code: 'not_authenticated',
          message: 'The token is not, or no longer, good: log in again.',
        });
        link.close(CloseCode.policyViolation, 'unauthenticated');
      },
      receive(link, message) {
        const dashboard = dashboards.at(link);
        if (dashboard) dashboards.receive(dashboard, message);
      },
      refuse(link, { code, reason, requestId }) {
        tellDashboard(link, {
          type: 'error',
          code,
          message: reason,
          ...(requestId && { requestId }),
        });
      },
      alive: dashboards.alive,
      answered: dashboards.answered,
      drained: dashboards.drained,
      closed: dashboards.closed,
    },
    options,
  );
  return new Elysia({ name: 'socket/dashboard' }).get('/ws/dashboard', door);
}
