// The hub's web application: sockets, API and pages, with the error handling they share.
import type { ServerWebSocket } from 'bun';
import { Elysia, ValidationError } from 'elysia';
import { createCountedWarning } from '../hub/counted-warning.ts';
import type { Hub } from '../hub/hub.ts';
import type { Log } from '../hub/log.ts';
import { isUnreachable } from '../hub/store-health.ts';
import type { Clock } from '../protocol/clock.ts';
import { HubError } from '../protocol/errors.ts';
import {
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_VALUES,
  REQUEST_HEAD_TIMEOUT_S,
} from '../protocol/limits.ts';
import { parseJson, TooManyValues } from '../protocol/parse-json.ts';
import { createAccessCheck } from './access-check.ts';
import { createApi } from './api/api.ts';
import { createAuth } from './auth.ts';
import { createClientAddress } from './client-address.ts';
import { errorResponse } from './error-response.ts';
import { createHostCheck } from './host.ts';
import { createIdentityProvider, type IdentityProviderSettings } from './identity-provider.ts';
import { createOriginCheck, isMutation } from './origin.ts';
import { createPages } from './pages/pages.tsx';
import { addSecurityHeaders, setSecurityHeaders } from './security-headers.ts';
import type { Certificate, Servers } from './servers.ts';
import { createAgentSocket } from './sockets/agent.ts';
import { createConnectLimits } from './sockets/connect-limits.ts';
import { createDashboardSocket } from './sockets/dashboard.ts';
import { createPendingSockets } from './sockets/pending-sockets.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { SocketData } from './sockets/socket.ts';
import { createTokens } from './tokens.ts';
import { setTransportSecurity } from './transport-security.ts';
import { createUnfinishedBodies, hasUnreadBody } from './unfinished-bodies.ts';

export interface AppOptions {
  hub: Hub;
  clock: Clock;
  log: Log;
  /** Sign the session tokens. */
  signingKeys: SigningKeys;
  /** The address that the hub listens on. */
  address: string;
  /** The URL for browsers and agents, if it differs from the one they request, such as behind a proxy. */
  publicUrl: string | null;
  /** The certificate for HTTPS. Null serves plain HTTP. */
  certificate?: Certificate | null;
  /** Receives the servers that the application starts. */
  servers: Servers;
  /** The addresses of proxies whose `X-Forwarded-For` is used. */
  trustedProxies?: readonly string[];
  /** The identity provider for single sign-on. */
  identityProvider?: IdentityProviderSettings | null;
  /** The token of the setup link; null if an account exists. */
  setupToken: string | null;
  version: string;
}

/** Where load balancers ask whether to send requests to this hub. */
const READY_PATH = '/readyz';

/** Creates the application. It accepts requests after `listen`. */
export function createApp(options: AppOptions) {
  const { hub, clock, log, publicUrl, servers, setupToken } = options;
  let certificate = options.certificate ?? null;
  let isDraining = false;
  const tokens = createTokens(options.signingKeys, clock, hub.sessions);
  const isSecure = certificate !== null || publicUrl?.startsWith('https:') === true;
  const clientAddress = createClientAddress(options.trustedProxies ?? []);
  const auth = createAuth({ hub, tokens, clock, isSecure, setupToken, clientAddress });
  const provider =
    options.identityProvider && createIdentityProvider(options.identityProvider, { clock, log });
  const checkHost = createHostCheck({ address: options.address, publicUrl });
  const checkOrigin = createOriginCheck(publicUrl);
  const unfinishedBodies = createUnfinishedBodies();
  const checkAccess = createAccessCheck({ hub, auth, clock, log, clientAddress, unfinishedBodies });
  const pendingSockets = createPendingSockets();
  const socketOptions = {
    clock,
    checkOrigin,
    pendingSockets,
    clientAddress,
    connects: createConnectLimits(clock, log),
    onInvalidFrame: createCountedWarning(clock, log, 'Rejected invalid frames.'),
  };

  /** Returns the response to a request with the wrong name of the hub, or from another site. */
  function rejectRequest(request: Request): Response | undefined {
    // CONNECT has a target that is not a URL. A fragment is never sent, and would end the path for some of the code.
    if (!URL.canParse(request.url) || request.url.includes('#')) {
      return plainResponse('The request target is not valid.', 400);
    }
    const hostProblem = checkHost(request);
    if (hostProblem === 'invalid') {
      return plainResponse('The request needs one valid Host header.', 400);
    }
    if (hostProblem === 'unknown') {
      const text = 'This hub has another name. Open it at its own URL, or set --public-url.';
      return plainResponse(text, 421);
    }
    if (!isMutation(request) || checkOrigin(request)) return undefined;
    return errorResponse(
      'forbidden',
      'Cross-site request blocked. Open the hub at its own URL. Behind a proxy, set --public-url.',
    );
  }

  /** The store is closed once the requests in progress have ended. Sockets are rejected in their own way. */
  function rejectWhileDraining({ url }: Request): Response | undefined {
    const { pathname } = new URL(url);
    if (!isDraining || pathname.startsWith('/ws/') || pathname === READY_PATH) return undefined;
    return errorResponse('unavailable', 'The hub is shutting down. Try again later.');
  }

  function respondToError(error: unknown, code: string, request: Request): Response {
    const { pathname } = new URL(request.url);
    if (error instanceof HubError) return errorResponse(error.code, error.message);
    if (error instanceof ValidationError) {
      return errorResponse('invalid_message', describeValidationError(error, request));
    }
    if (code === 'PARSE') {
      const { cause } = error as Error;
      const reason = cause instanceof TooManyValues ? cause.message : 'not valid JSON';
      return errorResponse('invalid_message', `Invalid request body: ${reason}.`);
    }
    if (error instanceof RangeError) {
      return errorResponse('invalid_message', 'Invalid request body: nested too deeply.');
    }
    log.error('Request failed.', { path: pathname, error });
    const problem = isUnreachable(error)
      ? 'The database cannot be reached'
      : 'Internal error on the hub';
    return errorResponse('unavailable', `${problem}. Try again later.`);
  }

  function finishResponse(request: Request, response: Response): Response {
    unfinishedBodies.finish(request);
    // Otherwise, the client could hold the connection by sending the rest slowly.
    if (hasUnreadBody(request)) response.headers.set('connection', 'close');
    return addSecurityHeaders(response);
  }

  const app = new Elysia({
    // Bun's development mode answers errors with source code, and has pages of its own.
    serve: {
      reusePort: false,
      maxRequestBodySize: MAX_MESSAGE_BYTES,
      development: false,
      idleTimeout: REQUEST_HEAD_TIMEOUT_S,
    },
    websocket: {
      maxPayloadLength: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      idleTimeout: 0,
      // A frame that does not fit would be dropped silently. A lost connection can be resumed.
      closeOnBackpressureLimit: true,
      sendPings: false,
    },
  })
    .wrap(
      (handle) =>
        (...parameters: unknown[]) =>
          servers.track(handle(...parameters)),
    )
    .onRequest(async ({ request, server, set }) => {
      if (isSecure) setTransportSecurity(request, set.headers);
      const response =
        rejectRequest(request) ??
        rejectWhileDraining(request) ??
        (await checkAccess(request, server));
      return response && finishResponse(request, response);
    })
    .onParse({ as: 'global' }, async ({ request, contentType }) =>
      contentType === 'application/json'
        ? parseJson(await request.text(), MAX_MESSAGE_VALUES)
        : undefined,
    )
    // The body has arrived. Not called for invalid ones.
    .onTransform({ as: 'global' }, ({ request }) => unfinishedBodies.finish(request))
    // It is not called for the responses of `onRequest`, and for some of `onError`.
    .mapResponse({ as: 'global' }, ({ request, responseValue, set }) => {
      if (responseValue instanceof Response) finishResponse(request, responseValue);
      else setSecurityHeaders(set.headers);
    })
    .onError(({ error, code, request }) =>
      finishResponse(request, respondToError(error, String(code), request)),
    )
    .get('/healthz', ({ set }) => {
      const failure = hub.storeHealth.failure();
      // With a database of its own, the hub cannot work without it. Otherwise, `/readyz` says so, and a restart would not help.
      if (failure !== null && hub.hubId === undefined) set.status = 503;
      return {
        status: hub.storeHealth.status(),
        ...(failure !== null && { reason: failure }),
        name: 'signalbox',
        version: options.version,
        pid: process.pid,
      };
    })
    .get(READY_PATH, ({ set }) => {
      const reasons = hub.readiness.listProblems();
      if (reasons.length > 0) set.status = 503;
      return { ready: reasons.length === 0, reasons, name: 'signalbox', version: options.version };
    })
    .use(createAgentSocket(hub, socketOptions))
    .use(createDashboardSocket({ hub, auth, tokens }, socketOptions))
    .use(createApi({ hub, auth, tokens, publicUrl }))
    .use(createPages({ hub, auth, clock, publicUrl, provider: provider ?? null }));

  /** @returns the port, which Bun selects for port 0 */
  function listen(port: number): number {
    // Elysia does not pass a pong's payload to its own handler, so Bun's is set instead.
    const pong = (ws: ServerWebSocket<SocketData>, payload: Uint8Array) =>
      ws.data.pong(ws, payload);
    const tls = certificate && { tls: certificate };
    app.listen({ hostname: options.address, port, websocket: { pong }, ...tls });
    if (app.server) servers.add(app.server);
    return app.server?.port ?? port;
  }

  return {
    app,
    /**
     * Starts the server.
     * @throws if the port is in use
     */
    listen,
    /**
     * Uses another certificate for new connections.
     * @throws if it is invalid; the earlier one stays in use
     */
    replaceCertificate(port: number, replacement: Certificate) {
      const earlier = certificate;
      certificate = replacement;
      // In the same turn of the event loop, so that the port is closed for about a millisecond.
      if (app.server) servers.retire(app.server);
      try {
        listen(port);
      } catch (error) {
        certificate = earlier;
        listen(port);
        throw error;
      }
    },
    /** Rejects new requests and sockets, and closes the sockets that have not sent their first message. */
    drain() {
      hub.readiness.startDraining();
      isDraining = true;
      pendingSockets.drain();
    },
  };
}

const plainResponse = (text: string, status: number) => new Response(`${text}\n`, { status });

function describeValidationError(error: ValidationError, request: Request): string {
  const part = isMutation(request) ? 'request body' : 'query parameters';
  const [first] = error.all;
  if (!first || !('path' in first)) return `Invalid ${part}.`;
  const field = first.path.slice(1);
  return `Invalid ${part}: ${field ? `${field}: ` : ''}${first.message}.`;
}
