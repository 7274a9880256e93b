// `/ws/dashboard`: connects sockets to the hub's dashboards.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { sendToDashboard } from '../../hub/link.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import { createDecoder } from '../../protocol/codec.ts';
import { type DashboardToHub, dashboardToHub } from '../../protocol/dashboard-to-hub.ts';
import type { Auth } from '../auth.ts';
import { describeRejection, isApiToken } from '../request-token.ts';
import type { Tokens } from '../tokens.ts';
import { createSocketHandler, DECODER_OPTIONS, type SocketOptions } from './socket.ts';

export interface DashboardSocketParts {
  hub: Hub;
  auth: Auth;
  tokens: Tokens;
}

export function createDashboardSocket(
  { hub: { apiTokens, dashboards }, auth, tokens }: DashboardSocketParts,
  options: SocketOptions,
) {
  const handler = createSocketHandler<DashboardToHub>(
    {
      decode: createDecoder(dashboardToHub, DECODER_OPTIONS),
      isKnown: async (request, server) => (await auth.identify(request, server)) !== null,
      connectType: 'dashboard:connect',
      async handleConnect(link, message) {
        if (message.type !== 'dashboard:connect') return;
        const { token } = message;
        const identity = isApiToken(token)
          ? await apiTokens.use(token, link.address)
          : await tokens.verify(token, ['session', 'socket']);
        if (identity) {
          const isAllowed = options.connects.takeDashboard(identity.userId);
          if (!isAllowed) return link.close(CloseCode.tryAgainLater, 'limit');
          return dashboards.connect(link, identity, message);
        }
        sendToDashboard(link, {
          type: 'error',
          code: 'not_authenticated',
          message: describeRejection(token),
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
