// When the hub calls a dashboard slow: by what has been waiting for a while, not by what one tick published.
import { expect, test } from 'bun:test';
import type { DashboardLink } from '../../../src/hub/link.ts';
import {
  BACKLOG_BYTES,
  CHUNK_BYTES,
  MAX_BACKLOG_BYTES,
  SLOW_AFTER_MS,
  SLOW_MS,
  TOTAL_BACKLOG_BYTES,
} from '../../../src/protocol/limits.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';

const CHUNK = 'x'.repeat(CHUNK_BYTES);

/** A socket whose backlog the test sets. It counts what it is given. */
function createLink() {
  const sent: (string | Uint8Array)[] = [];
  let corked = 0;
  let closed: string | null = null;
  const link: DashboardLink & { backlog: number } = {
    backlog: 0,
    address: null,
    send: (frame) => void sent.push(frame),
    ping() {},
    close: (_code, reason) => void (closed = reason),
    subscribe() {},
    unsubscribe() {},
    cork(send) {
      corked += 1;
      send();
    },
    bufferedBytes: () => link.backlog,
  };
  return { link, sent, countCorks: () => corked, closeReason: () => closed };
}

/** Connects dashboards that follow a running command. */
async function connectLinks(fixture: HubFixture, count: number) {
  const { hub } = fixture.hub;
  const identity = await fixture.hub.startSession();
  const links = Array.from({ length: count }, createLink);
  for (const { link } of links) {
    hub.dashboards.connect(link, identity, {
      type: 'dashboard:connect',
      version: '1.0.0',
      token: '',
      clientInfo: { userAgent: 'test', timezone: 'UTC' },
    });
  }
  const id = await fixture.startCommand();
  let sequence = 0;
  return {
    id,
    links,
    /** Publishes output in one tick. */
    publish(chunks: number) {
      const buffer = hub.state.terminalBuffers.get(id);
      for (let i = 0; i < chunks; i++) buffer?.write(sequence++, 'stdout', CHUNK);
    },
    /** How many of the dashboards are not served through the live topic. */
    countSlow: () =>
      [...hub.state.dashboards.values()].filter(
        ({ subscriptions }) => subscriptions.get(id)?.state === 'replay',
      ).length,
    advance: (ms: number) => fixture.hub.advance(ms, fixture.agent, fixture.dashboard),
  };
}

test('a backlog makes a dashboard slow after 1 s, unless it goes away', async () => {
  await using fixture = await startHubFixture();
  const { links, publish, countSlow, advance } = await connectLinks(fixture, 2);
  for (const { link } of links) link.backlog = BACKLOG_BYTES + 1;
  publish(50);
  await advance(SLOW_AFTER_MS - 1);
  expect(countSlow()).toBe(0);
  for (const { link } of links.slice(1)) link.backlog = BACKLOG_BYTES;
  publish(50);
  await advance(1);
  expect(countSlow()).toBe(1);
  for (const { link } of links) link.backlog = BACKLOG_BYTES + 1;
  await advance(SLOW_AFTER_MS);
  expect(countSlow()).toBe(1);
  await advance(SLOW_AFTER_MS);
  expect(countSlow()).toBe(2);
});

test('a backlog of more than 4 MB makes a dashboard slow at once', async () => {
  await using fixture = await startHubFixture();
  const { links, publish, countSlow } = await connectLinks(fixture, 2);
  for (const { link } of links) link.backlog = MAX_BACKLOG_BYTES;
  publish(50);
  expect(countSlow()).toBe(0);
  for (const { link } of links.slice(1)) link.backlog = MAX_BACKLOG_BYTES + 1;
  publish(50);
  expect(countSlow()).toBe(1);
});

test('backlogs of more than 64 MB together make every dashboard slow that has one', async () => {
  await using fixture = await startHubFixture();
  const { links, publish, countSlow } = await connectLinks(fixture, 40);
  const [first, ...others] = links;
  if (first) first.link.backlog = BACKLOG_BYTES;
  const setTotal = (bytes: number) => {
    for (const { link } of others) link.backlog = Math.ceil(bytes / others.length);
  };
  setTotal(TOTAL_BACKLOG_BYTES - 1_048_576);
  publish(50);
  expect(countSlow()).toBe(0);
  setTotal(TOTAL_BACKLOG_BYTES);
  publish(50);
  expect(countSlow()).toBe(others.length);
});

test('a slow dashboard is served from the buffer, 128 KB at a time, and is live again at its end', async () => {
  await using fixture = await startHubFixture();
  const { id, links, publish, countSlow, advance } = await connectLinks(fixture, 1);
  const [{ link, sent, countCorks } = createLink()] = links;
  link.backlog = MAX_BACKLOG_BYTES + 1;
  publish(10);
  publish(90);
  await advance(1_000);
  const before = { sent: sent.length, corks: countCorks() };
  const outputSent = () =>
    sent.slice(before.sent).filter((frame) => String(frame).includes(id)).length;
  expect([countSlow(), outputSent()]).toEqual([1, 0]);
  link.backlog = 0;
  await advance(1_000);
  while (countSlow() > 0) await fixture.hub.flush();
  expect(outputSent()).toBeGreaterThanOrEqual(90);
  expect(countCorks() - before.corks).toBe(Math.ceil(outputSent() / 13));
});

test('new commands and requests give a dashboard with a backlog no output, and no more time', async () => {
  await using fixture = await startHubFixture();
  const { id, links, publish, countSlow, advance } = await connectLinks(fixture, 1);
  const [{ link, sent, closeReason } = createLink()] = links;
  link.backlog = MAX_BACKLOG_BYTES + 1;
  publish(50);
  const outputSent = () => sent.filter((frame) => String(frame).includes('terminal:output')).length;
  const before = outputSent();
  const connection = [...fixture.hub.hub.state.dashboards.values()].find(
    (dashboard) => dashboard.link === link,
  );
  for (let waited = 0; waited < SLOW_MS; waited += 5_000) {
    const queued = await fixture.dashboard.request('!ls');
    expect(connection?.subscriptions.get(queued)?.state).toBe('replay');
    if (connection) {
      fixture.hub.hub.dashboards.receive(link, {
        type: 'terminal:attach',
        version: '1.0.0',
        commandId: id,
        afterSequence: 1_000_000,
      });
    }
    await advance(5_000);
    expect([countSlow(), outputSent()]).toEqual([1, before]);
  }
  expect(closeReason()).toBe('slow_consumer');
});

test('a dashboard that reads nothing is closed, also if it follows no output', async () => {
  await using fixture = await startHubFixture();
  const { id, links, publish, advance } = await connectLinks(fixture, 2);
  const [{ link, closeReason } = createLink()] = links;
  fixture.hub.hub.dashboards.receive(link, {
    type: 'terminal:detach',
    version: '1.0.0',
    commandId: id,
  });
  link.backlog = MAX_BACKLOG_BYTES + 1;
  publish(10);
  await advance(SLOW_MS + 1_000);
  expect(closeReason()).toBe('slow_consumer');
});

test('a dashboard that drains a part of its backlog is not live before the rest', async () => {
  await using fixture = await startHubFixture();
  const { links, publish, countSlow } = await connectLinks(fixture, 1);
  const [{ link } = createLink()] = links;
  link.backlog = MAX_BACKLOG_BYTES + 1;
  publish(50);
  for (const backlog of [3_000_000, BACKLOG_BYTES + 1]) {
    link.backlog = backlog;
    fixture.hub.hub.dashboards.handleDrain(link);
    await fixture.hub.flush();
    expect(countSlow()).toBe(1);
  }
  link.backlog = 0;
  fixture.hub.hub.dashboards.handleDrain(link);
  await fixture.hub.flush();
  expect(countSlow()).toBe(0);
});

test('a command with much output does not hold up another one for a slow dashboard', async () => {
  await using fixture = await startHubFixture();
  const { links, publish } = await connectLinks(fixture, 1);
  const [{ link, sent } = createLink()] = links;
  link.backlog = MAX_BACKLOG_BYTES + 1;
  publish(90);
  const other = await fixture.dashboard.request('!ls');
  fixture.dashboard.send({ type: 'command:interrupt', commandId: other });
  await fixture.dashboard.waitForStatus(other, 'interrupted');
  const isComplete = () =>
    sent.some((frame) => /terminal:complete/.test(String(frame)) && String(frame).includes(other));
  expect(isComplete()).toBe(false);
  // Each drain has room for one turn.
  for (let turn = 0; turn < 2; turn++) {
    link.backlog = 0;
    fixture.hub.hub.dashboards.handleDrain(link);
    link.backlog = BACKLOG_BYTES + 1;
  }
  expect(isComplete()).toBe(true);
});

test('a slow dashboard is closed after 30 s without progress', async () => {
  await using fixture = await startHubFixture();
  const { links, publish, countSlow, advance } = await connectLinks(fixture, 1);
  const [{ link, closeReason } = createLink()] = links;
  link.backlog = MAX_BACKLOG_BYTES + 1;
  publish(50);
  expect(countSlow()).toBe(1);
  await advance(SLOW_MS - 1_000);
  expect(closeReason()).toBeNull();
  await advance(1_000);
  expect(closeReason()).toBe('slow_consumer');
});
