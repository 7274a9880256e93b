// `/ws/dashboard`: connects sockets to the hub's dashboards.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { sendToDashboard } from '../../hub/link.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import { createDecoder } from '../../protocol/codec.ts';
import { type DashboardToHub, dashboardToHub } from '../../protocol/dashboard-to-hub.ts';
import type { Auth } from '../auth.ts';
import type { Tokens } from '../tokens.ts';
import { createSocketHandler, inflate, type SocketOptions } from './socket.ts';

export interface DashboardSocketParts {
  hub: Hub;
  auth: Auth;
  tokens: Tokens;
}

export function createDashboardSocket(
  { hub: { dashboards }, auth, tokens }: DashboardSocketParts,
  options: SocketOptions,
) {
  const handler = createSocketHandler<DashboardToHub>(
    {
      decode: createDecoder(dashboardToHub, inflate),
      isKnown: async (request) => (await auth.identify(request)) !== null,
      connectType: 'dashboard:connect',
      async handleConnect(link, message) {
        if (message.type !== 'dashboard:connect') return;
        const identity = await tokens.verify(message.token, ['session', 'socket']);
        if (identity) return dashboards.connect(link, identity, message);
        sendToDashboard(link, {
          type: 'error',
          code: 'not_authenticated',
          message: 'Your session has expired. Sign in again.',
        });
        link.close(CloseCode.policyViolation, 'unauthenticated');
      },
      handleMessage: dashboards.receive,
      handleInvalidFrame(link, { code, reason, requestId }) {
        sendToDashboard(link, {
          type: 'error',
          code,
          message: reason,
          ...(requestId && { requestId }),
        });
      },
      handleActivity: dashboards.handleActivity,
      handlePong: dashboards.handlePong,
      handleDrain: dashboards.handleDrain,
      handleClose: dashboards.handleClose,
    },
    options,
  );
  return new Elysia({ name: 'socket/dashboard' }).get('/ws/dashboard', handler);
}
