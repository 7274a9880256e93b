// The page's connection, against the real hub.
import { expect, test } from 'bun:test';
import { connectToHub, type SocketOptions } from '../../src/browser/hub-connection.ts';
import type { DashboardWelcome } from '../../src/protocol/hub-to-dashboard.ts';
import { HUB_SILENCE_MS } from '../../src/protocol/limits.ts';
import { startTestHub, type TestHub } from '../support/hub/hub.ts';
import { createManualClock } from '../support/manual-clock.ts';

/** A page: its time is its own, its steps are waited for in order. */
function openPage(hub: TestHub, fields: Partial<SocketOptions> = {}) {
  const clock = createManualClock();
  const steps: unknown[] = [];
  const waiting: ((step: unknown) => void)[] = [];
  const step = (name: unknown) => {
    const next = waiting.shift();
    if (next) next(name);
    else steps.push(name);
  };
  const welcomes: DashboardWelcome[] = [];
  const socket = connectToHub({
    url: `${hub.wsUrl}/ws/dashboard`,
    clock,
    random: () => 0,
    clientInfo: { userAgent: 'test', timezone: 'UTC' },
    fetchSession: async () => {
      const token = await hub.token('viewer', 'vera');
      return { token, expiresAt: 0, userId: 'vera', role: 'viewer' };
    },
    terminals: () => [],
    onMessage: () => undefined,
    onWelcome(welcome, sameHub) {
      welcomes.push(welcome);
      step(`welcome ${welcome.resumed ? 'resumed' : 'new'} ${sameHub ? 'same' : 'other'}`);
    },
    onDrop: (why) => step(`drop ${why}`),
    onShutOut: () => step('shut out'),
    ...fields,
  });
  const next = () =>
    steps.length > 0
      ? Promise.resolve(steps.shift())
      : new Promise<unknown>((resolve) => void waiting.push(resolve));
  return { clock, socket, next, welcomes };
}

test('it connects with the token, and sends only once it is welcome', async () => {
  await using hub = await startTestHub();
  const page = openPage(hub);
  expect(page.socket.send({ type: 'terminal:detach', commandId: 'c' })).toBe(false);
  expect(await page.next()).toBe('welcome new other');
  expect(page.welcomes[0]).toMatchObject({ userId: 'vera', role: 'viewer' });
  expect(page.socket.send({ type: 'terminal:detach', commandId: 'c' })).toBe(true);
});

test('a hub silent for 25 seconds is left, and the connection resumed', async () => {
  await using hub = await startTestHub();
  const page = openPage(hub);
  await page.next();
  page.clock.advance(HUB_SILENCE_MS - 1000);
  page.clock.advance(1000);
  expect(await page.next()).toBe('drop lost');
  expect(page.socket.send({ type: 'terminal:detach', commandId: 'c' })).toBe(false);
  page.clock.advance(500);
  expect(await page.next()).toBe('welcome resumed same');
  expect(page.welcomes[1]?.connectionId).toBe(page.welcomes[0]?.connectionId ?? '');
});

test('a wait can be cut short', async () => {
  await using hub = await startTestHub();
  const page = openPage(hub, { random: () => 0.999 });
  await page.next();
  page.clock.advance(HUB_SILENCE_MS);
  await page.next();
  page.socket.wake();
  page.socket.wake();
  expect(await page.next()).toBe('welcome resumed same');
});

test('nobody signed in is shut out', async () => {
  await using hub = await startTestHub();
  const page = openPage(hub, { fetchSession: () => Promise.resolve(null) });
  expect(await page.next()).toBe('shut out');
});

test('a token that is not good is shut out, and not tried again', async () => {
  await using hub = await startTestHub();
  const bad = { token: 'no', expiresAt: 0, userId: 'x', role: 'viewer' } as const;
  const page = openPage(hub, { fetchSession: () => Promise.resolve(bad) });
  expect(await page.next()).toBe('shut out');
  expect(page.clock.waiting()).toBe(1);
});

test('a hub with no room is another matter than one that is gone', async () => {
  await using hub = await startTestHub({ settings: { maxDashboards: 1 } });
  await openPage(hub).next();
  const second = openPage(hub);
  expect(await second.next()).toBe('drop full');
});

test('a hub that does not answer is tried again, after longer and longer waits', async () => {
  await using hub = await startTestHub();
  let tries = 0;
  const tried = openPage(hub, {
    random: () => 1,
    fetchSession: () => {
      tries += 1;
      return Promise.reject(new Error('down'));
    },
  });
  await tried.next();
  tried.clock.advance(1000);
  await tried.next();
  tried.clock.advance(1999);
  expect(tries).toBe(2);
  tried.clock.advance(1);
  await tried.next();
  expect(tries).toBe(3);
});
