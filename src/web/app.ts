// All doors of the hub in one application: sockets, API, pages; what is wrong is said once, here.
import type { ServerWebSocket } from 'bun';
import { Elysia, ValidationError } from 'elysia';
import type { Hub } from '../hub/hub.ts';
import type { Log } from '../hub/log.ts';
import type { Clock } from '../protocol/clock.ts';
import { CloseCode } from '../protocol/close-codes.ts';
import { HubError } from '../protocol/errors.ts';
import { MAX_MESSAGE_BYTES } from '../protocol/limits.ts';
import { createAgentSocket } from './sockets/agent.ts';
import { createApi } from './api.ts';
import { createAuth } from './auth.ts';
import { createDashboardSocket } from './sockets/dashboard.ts';
import { changesState, createOriginCheck } from './origin.ts';
import { createNotFound, createPages } from './pages/pages.tsx';
import { refusalAnswer } from './refusals.ts';
import { createRefusedFrames } from './sockets/refused-frames.ts';
import type { Lobby, SocketData } from './sockets/socket.ts';
import { createTokens } from './tokens.ts';

export interface AppOptions {
  hub: Hub;
  clock: Clock;
  log: Log;
  /** Signs the tokens. */
  secret: string;
  /** How browsers and agents reach the hub, where that is not the address they asked for. */
  publicUrl: string | null;
  /** The token of the setup link; null once there is an account. */
  setupToken: string | null;
  version: string;
}

export function createApp(options: AppOptions) {
  const { hub, clock, log, publicUrl, setupToken } = options;
  const tokens = createTokens(options.secret, clock);
  const secure = publicUrl?.startsWith('https:') ?? false;
  const auth = createAuth({ accounts: hub.accounts, tokens, clock, secure, setupToken });
  const checkOrigin = createOriginCheck(publicUrl);
  const lobby: Lobby = { waiting: new Set(), draining: false };
  const countRefused = createRefusedFrames(clock, log);
  const door = { clock, checkOrigin, lobby, countRefused };
  const { registry, history, commands, approvals } = hub;
  const pageAuth = {
    ...auth,
    hubUrl: (request: Request) => publicUrl ?? new URL(request.url).origin,
  };
  const notFound = createNotFound(pageAuth);

  const app = new Elysia({
    serve: { reusePort: false, maxRequestBodySize: MAX_MESSAGE_BYTES },
    websocket: {
      maxPayloadLength: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      idleTimeout: 0,
      sendPings: false,
    },
  })
    .onRequest(({ request }) => {
      if (!changesState(request) || checkOrigin(request)) return undefined;
      return refusalAnswer('forbidden', 'This request comes from another site.');
    })
    .onError(({ error, code, request }) => {
      const forApi = new URL(request.url).pathname.startsWith('/api/');
      if (error instanceof HubError) return refusalAnswer(error.code, error.message);
      if (error instanceof ValidationError) {
        return refusalAnswer('invalid_message', flawOf(error));
      }
      if (code === 'PARSE') return refusalAnswer('invalid_message', 'The body is not JSON.');
      if (code === 'NOT_FOUND') {
        return forApi ? refusalAnswer('not_found', 'There is no such call.') : notFound(request);
      }
      log.error('A request failed.', { path: new URL(request.url).pathname, error });
      return refusalAnswer('unavailable', 'The hub could not do that now: try again soon.');
    })
    .get('/healthz', ({ set }) => {
      const trouble = hub.storeHealth.failure();
      if (trouble !== null) set.status = 503;
      return {
        status: trouble === null ? 'ok' : 'failing',
        ...(trouble !== null && { reason: `The disk cannot be written: ${trouble}` }),
        name: 'signalbox',
        version: options.version,
        pid: process.pid,
      };
    })
    .use(createAgentSocket(hub, door))
    .use(createDashboardSocket(hub, tokens, door))
    .use(createApi({ hub, auth, tokens }))
    .use(
      createPages(
        {
          agents: registry.list,
          agent: registry.find,
          live: history.listActive,
          history: history.listPage,
          command: history.find,
          outputState: history.outputState,
          request: commands.request,
          compare: commands.compare,
          interrupt: commands.interrupt,
          registerAgent: registry.register,
          revokeAgent: registry.revoke,
          approvals: approvals.listPending,
          approvalsOf: approvals.listByCommand,
          respond: approvals.respond,
        },
        pageAuth,
      ),
    );

  return {
    app,
    /**
     * Opens the doors.
     * @throws where the port cannot be had
     */
    listen(where: { hostname: string; port: number }) {
      // Elysia keeps the mark of a pong to itself.
      const pong = (ws: ServerWebSocket<SocketData>, mark: Uint8Array) => ws.data.pong(ws, mark);
      app.listen({ ...where, websocket: { pong } });
    },
    /** Lets no new socket in, and sends away those that have not said who they are. */
    drain() {
      lobby.draining = true;
      for (const link of lobby.waiting) link.close(CloseCode.goingAway, 'shutdown');
    },
  };
}

function flawOf(error: ValidationError): string {
  const [flaw] = error.all;
  if (!flaw || !('path' in flaw)) return 'The request has not the shape it must have.';
  return `${flaw.path.slice(1) || error.type}: ${flaw.message}.`;
}
