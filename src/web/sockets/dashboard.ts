// `/ws/dashboard`: from frames to the hub's dashboards.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { sendToDashboard } from '../../hub/link.ts';
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
        sendToDashboard(link, {
          type: 'error',
          code: 'not_authenticated',
          message: 'The token is not, or no longer, good: log in again.',
        });
        link.close(CloseCode.policyViolation, 'unauthenticated');
      },
      receive: dashboards.receive,
      refuse(link, { code, reason, requestId }) {
        sendToDashboard(link, {
          type: 'error',
          code,
          message: reason,
          ...(requestId && { requestId }),
        });
      },
      alive: dashboards.handleActivity,
      answered: dashboards.handlePong,
      drained: dashboards.handleDrain,
      closed: dashboards.handleClose,
    },
    options,
  );
  return new Elysia({ name: 'socket/dashboard' }).get('/ws/dashboard', door);
}
