// The page's connection, tested against the real hub.
import { expect, test } from 'bun:test';
import {
  createHubConnection,
  type HubConnectionHandlers,
  type HubConnectionOptions,
} from '../../src/browser/hub-connection.ts';
import { CloseCode, type CloseReason } from '../../src/protocol/close-codes.ts';
import type { DashboardWelcome } from '../../src/protocol/hub-to-dashboard.ts';
import { HUB_HEARTBEAT_MS, HUB_SILENCE_MS } from '../../src/protocol/limits.ts';
import { startTestHub, type TestHub } from '../support/hub/hub.ts';
import { createManualClock } from '../support/manual-clock.ts';

/** Opens a page with its own clock. `next` waits for its events in order. */
function openPage(
  hub: TestHub,
  fields: Partial<HubConnectionOptions & HubConnectionHandlers> = {},
) {
  const clock = createManualClock();
  const events: unknown[] = [];
  const waiting: ((event: unknown) => void)[] = [];
  const report = (event: unknown) => {
    const next = waiting.shift();
    if (next) next(event);
    else events.push(event);
  };
  const welcomes: DashboardWelcome[] = [];
  const options = {
    url: `${hub.wsUrl}/ws/dashboard`,
    clock,
    random: () => 0,
    clientInfo: { userAgent: 'test', timezone: 'UTC' },
    fetchSession: async () => {
      const token = await hub.issueToken('viewer', 'vera');
      return { token, expiresAt: 0, userId: 'vera', role: 'viewer' };
    },
    prepareResume: () => [],
    onMessage: () => undefined,
    onWelcome(welcome, isSameEpoch) {
      welcomes.push(welcome);
      report(`welcome ${welcome.resumed ? 'resumed' : 'new'} ${isSameEpoch ? 'same' : 'other'}`);
    },
    onSilence: () => report('silence'),
    onRecovery: () => report('recovery'),
    onDisconnect: (reason) => report(`disconnect ${reason}`),
    onSignedOut: (reason) => report(`signed out ${reason}`.trim()),
    ...fields,
  } satisfies HubConnectionOptions & HubConnectionHandlers;
  const connection = createHubConnection(options);
  connection.start(options);
  const next = () =>
    events.length > 0
      ? Promise.resolve(events.shift())
      : new Promise<unknown>((resolve) => void waiting.push(resolve));
  return { clock, connection, next, welcomes };
}

test('connects with the token, and sends only after the welcome', async () => {
  await using hub = await startTestHub();
  const page = openPage(hub);
  expect(page.connection.send({ type: 'terminal:detach', commandId: 'c' })).toBe(false);
  expect(await page.next()).toBe('welcome new other');
  expect(page.welcomes[0]).toMatchObject({ userId: 'vera', role: 'viewer' });
  expect(page.connection.send({ type: 'terminal:detach', commandId: 'c' })).toBe(true);
});

test('does not send on a socket that is closing', async () => {
  await using hub = await startTestHub();
  const { WebSocket } = globalThis;
  const sockets: WebSocket[] = [];
  globalThis.WebSocket = class extends WebSocket {
    constructor(url: string | URL) {
      super(url);
      sockets.push(this);
    }
  };
  const page = openPage(hub);
  expect(await page.next()).toBe('welcome new other');
  globalThis.WebSocket = WebSocket;
  sockets[0]?.close();
  expect(page.connection.send({ type: 'terminal:detach', commandId: 'c' })).toBe(false);
  expect(await page.next()).toBe('disconnect lost');
});

test('reconnects and resumes when the hub is silent for 25 s', async () => {
  await using hub = await startTestHub();
  const page = openPage(hub);
  await page.next();
  page.clock.advance(HUB_SILENCE_MS - 1000);
  expect(await page.next()).toBe('silence');
  page.clock.advance(1000);
  expect(await page.next()).toBe('disconnect silent');
  expect(page.connection.send({ type: 'terminal:detach', commandId: 'c' })).toBe(false);
  page.clock.advance(500);
  expect(await page.next()).toBe('welcome resumed same');
  expect(page.welcomes[1]?.connectionId).toBe(page.welcomes[0]?.connectionId ?? '');
});

test('retryNow ends the wait before the next attempt', async () => {
  await using hub = await startTestHub();
  const page = openPage(hub, { random: () => 0.999 });
  await page.next();
  page.clock.advance(HUB_SILENCE_MS);
  expect([await page.next(), await page.next()]).toEqual(['silence', 'disconnect silent']);
  page.connection.retryNow();
  page.connection.retryNow();
  expect(await page.next()).toBe('welcome resumed same');
});

test('reports a missing session as signed out', async () => {
  await using hub = await startTestHub();
  const page = openPage(hub, { fetchSession: () => Promise.resolve(null) });
  expect(await page.next()).toBe('signed out');
});

test('reports an invalid token as signed out, and does not retry', async () => {
  await using hub = await startTestHub();
  const bad = { token: 'no', expiresAt: 0, userId: 'x', role: 'viewer' } as const;
  const page = openPage(hub, { fetchSession: () => Promise.resolve(bad) });
  expect(await page.next()).toBe('signed out unauthenticated');
  expect(page.clock.countTimers()).toBe(1);
});

test('reports a silent hub between 11 and 12 s after its last message, and its recovery', async () => {
  await using hub = await startTestHub();
  const heartbeats: (() => void)[] = [];
  const page = openPage(hub, {
    onMessage: ({ type }) => void (type === 'hub:heartbeat' && heartbeats.shift()?.()),
  });
  const receiveHeartbeat = () =>
    new Promise<void>((resolve) => {
      heartbeats.push(resolve);
      hub.clock.advance(HUB_HEARTBEAT_MS);
    });
  await page.next();
  // A heartbeat that is a second late is not an outage.
  page.clock.advance(11_000);
  await receiveHeartbeat();
  page.clock.advance(12_000);
  expect(await page.next()).toBe('silence');
  expect(page.connection.send({ type: 'terminal:detach', commandId: 'c' })).toBe(true);
  await receiveHeartbeat();
  expect(await page.next()).toBe('recovery');
  page.clock.advance(12_000);
  expect(await page.next()).toBe('silence');
});

test('a resumed page processes the messages that arrived during its suspension before it reports silence', async () => {
  await using hub = await startTestHub();
  const clock = createManualClock();
  const page = openPage(hub, { clock });
  await page.next();
  clock.jump(20_000);
  clock.advance(500);
  const dashboard = hub.hub.state.dashboards.values().next().value;
  dashboard?.link.close(CloseCode.tryAgainLater, 'slow_consumer');
  expect(await page.next()).toBe('disconnect slow_consumer');
});

test.each([
  [CloseCode.tryAgainLater, 'slow_consumer', 'slow_consumer'],
  [CloseCode.goingAway, 'shutdown', 'shutdown'],
  [CloseCode.replaced, 'replaced', 'replaced'],
  [CloseCode.policyViolation, 'rate_limited', 'rate_limited'],
  [CloseCode.tryAgainLater, 'not a reason', 'lost'],
  [CloseCode.goingAway, '', 'lost'],
])('a close with %i "%s" is reported as %s and retried', async (code, closeReason, reason) => {
  await using hub = await startTestHub();
  const page = openPage(hub);
  await page.next();
  const dashboard = hub.hub.state.dashboards.values().next().value;
  dashboard?.link.close(code, closeReason as CloseReason);
  expect(await page.next()).toBe(`disconnect ${reason}`);
  page.clock.advance(1_000);
  expect(await page.next()).toStartWith('welcome');
});

test('reports the dashboard limit', async () => {
  await using hub = await startTestHub({ settings: { maxDashboards: 1 } });
  await openPage(hub).next();
  const second = openPage(hub);
  expect(await second.next()).toBe('disconnect limit');
});

test('a session request without a response is aborted after 10 s and retried', async () => {
  await using hub = await startTestHub();
  const signals: AbortSignal[] = [];
  const page = openPage(hub, {
    fetchSession: (signal) => {
      signals.push(signal);
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    },
  });
  page.clock.advance(9_999);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  page.clock.advance(1);
  expect(await page.next()).toBe('disconnect lost');
  page.clock.advance(500);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
});

test('a session that was received in time is not aborted later', async () => {
  await using hub = await startTestHub();
  const token = await hub.issueToken('viewer', 'vera');
  let signal: AbortSignal | undefined;
  const page = openPage(hub, {
    fetchSession: (given) => {
      signal = given;
      return Promise.resolve({ token, expiresAt: 0, userId: 'vera', role: 'viewer' as const });
    },
  });
  await page.next();
  page.clock.advance(11_000);
  expect(signal?.aborted).toBe(false);
});

test('retries an unreachable hub with increasing delays', async () => {
  await using hub = await startTestHub();
  let attempts = 0;
  const page = openPage(hub, {
    random: () => 1,
    fetchSession: () => {
      attempts += 1;
      return Promise.reject(new Error('down'));
    },
  });
  await page.next();
  page.clock.advance(1000);
  await page.next();
  page.clock.advance(1999);
  expect(attempts).toBe(2);
  page.clock.advance(1);
  await page.next();
  expect(attempts).toBe(3);
});
