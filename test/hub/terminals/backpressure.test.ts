// A dashboard that reads too slowly: the hub holds a bounded backlog for it, and other dashboards are not delayed.
import { expect, test } from 'bun:test';
import type { DashboardConnection } from '../../../src/hub/state/dashboard.ts';
import {
  BACKLOG_BYTES,
  CHUNK_BYTES,
  MAX_BACKLOG_BYTES,
  SLOW_AFTER_MS,
} from '../../../src/protocol/limits.ts';
import { byteLength } from '../../../src/protocol/text.ts';
import { connectManualDashboard, openDashboard } from '../../support/hub/dashboard.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';

const CHUNK = `${'x'.repeat(CHUNK_BYTES - 1)}\n`;

/** More than the network buffers hold. */
const FLOOD_CHUNKS = 1_500;

/** Sends chunks; resolves once the fixture's own dashboard has received them. */
async function flood({ agent, dashboard }: HubFixture, id: string, from: number, chunks: number) {
  for (let i = from; i < from + chunks; i++) agent.sendOutput(id, CHUNK);
  await agent.waitForAck(id, from + chunks);
  const last = from + chunks - 1;
  await dashboard.waitFor(
    'terminal:output',
    (message) => message.commandId === id && message.sequence === last,
  );
}

/** Lets a dashboard that does not read become slow. Resolves with the number of chunks once a cursor serves it. */
async function floodUntilSlow(fixture: HubFixture, dashboard: DashboardConnection, id: string) {
  let sent = 0;
  while (dashboard.subscriptions.get(id)?.state !== 'replay') {
    await flood(fixture, id, sent, 20);
    sent += 20;
    // The network buffers may still take all of a backlog.
    if (dashboard.backlogSince === null) continue;
    await fixture.hub.advance(SLOW_AFTER_MS, fixture.agent, fixture.dashboard);
  }
  return sent;
}

/** The hub's state of a dashboard. */
function connectionOf({ hub }: HubFixture, connectionId: string): DashboardConnection {
  const connection = hub.hub.state.dashboards.get(connectionId);
  if (!connection) throw new Error('Unknown connection.');
  return connection;
}

/** Runs commands whose output together is more than the network buffers hold. Returns their IDs. */
async function runLongCommands(fixture: HubFixture): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < 8; i++) {
    const id = await fixture.startCommand();
    await flood(fixture, id, 0, 50);
    await flood(fixture, id, 50, 50);
    fixture.agent.sendFinished(id);
    await fixture.agent.waitForAcknowledged(id);
    ids.push(id);
  }
  return ids;
}

/** Whether sequences and gaps cover [from, to) in order, completely and without repetition. */
function coversRange(sequences: (number | [number, number])[], from: number, to: number) {
  let next = from;
  for (const item of sequences) {
    const [start, end] = typeof item === 'number' ? [item, item + 1] : item;
    if (start !== next) return false;
    next = end;
  }
  return next === to;
}

test('a stalled dashboard has a bounded backlog, delays no other dashboard, and later receives every byte', async () => {
  await using fixture = await startHubFixture();
  const slow = await connectManualDashboard(fixture.hub);
  const { connectionId } = await slow.waitFor('dashboard:welcome');
  const id = await fixture.startCommand();
  await slow.waitForStatus(id, 'running');
  slow.pause();
  const { link } = connectionOf(fixture, connectionId);
  let maxBuffered = 0;
  for (let sent = 0; sent < FLOOD_CHUNKS; sent += 50) {
    await flood(fixture, id, sent, 50);
    maxBuffered = Math.max(maxBuffered, link.bufferedBytes());
  }
  expect(maxBuffered).toBeGreaterThan(MAX_BACKLOG_BYTES);
  expect(maxBuffered).toBeLessThan(MAX_BACKLOG_BYTES + 50 * CHUNK_BYTES);
  fixture.agent.sendFinished(id);
  const { totalBytes } = await fixture.dashboard.waitForComplete(id);
  expect(fixture.dashboard.sequencesOf(id)).toEqual(
    Array.from({ length: FLOOD_CHUNKS }, (_, i) => i),
  );

  slow.resume();
  const { lastSequence } = await slow.waitForComplete(id);
  const sequences = slow.sequencesOf(id);
  expect(coversRange(sequences, 0, lastSequence + 1)).toBe(true);
  expect(slow.ofType('terminal:gap')).toEqual([]);
  expect(byteLength(slow.outputOf(id))).toBe(totalBytes);
});

test('a dashboard that takes nothing is disconnected before a message to it would be dropped', async () => {
  await using fixture = await startHubFixture();
  const slow = await connectManualDashboard(fixture.hub, { terminals: 'attached' });
  const { connectionId } = await slow.waitFor('dashboard:welcome');
  const connection = connectionOf(fixture, connectionId);
  slow.pause();
  const message = 'x'.repeat(1_048_576);
  for (let i = 0; i < 40; i++) connection.link.send(message);
  while (connection.state === 'CONNECTED') await fixture.hub.flush();
  expect(connection.state).toBe('RECONNECTING');
});

test('a replay sends no more at once than the socket takes', async () => {
  await using fixture = await startHubFixture();
  const slow = await connectManualDashboard(fixture.hub, { terminals: 'attached' });
  const { connectionId } = await slow.waitFor('dashboard:welcome');
  const ids = await runLongCommands(fixture);
  slow.pause();
  for (const commandId of ids) slow.send({ type: 'terminal:attach', commandId });
  const connection = fixture.hub.hub.state.dashboards.get(connectionId);
  fixture.hub.clock.advance(1);
  slow.send({ type: 'terminal:detach', commandId: 'unknown' });
  while (connection?.lastActivity !== fixture.hub.clock.now()) await fixture.hub.flush();
  expect(connection?.link.bufferedBytes()).toBeLessThan(BACKLOG_BYTES + 4 * CHUNK_BYTES);
  slow.resume();
  for (const id of ids) {
    await slow.waitForComplete(id);
    expect(slow.sequencesOf(id)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  }
});

test('a slow dashboard that attaches again to a live terminal receives new output once', async () => {
  await using fixture = await startHubFixture();
  const slow = await connectManualDashboard(fixture.hub, { terminals: 'attached' });
  const { connectionId } = await slow.waitFor('dashboard:welcome');
  const connection = fixture.hub.hub.state.dashboards.get(connectionId);
  const ids = await runLongCommands(fixture);
  const id = await fixture.startCommand();
  slow.send({ type: 'terminal:attach', commandId: id });
  fixture.agent.sendOutput(id, 'a');
  await slow.waitForOutput(id, 'a');
  slow.pause();
  for (const commandId of ids) slow.send({ type: 'terminal:attach', commandId });
  // The network buffers may take some more output late: then the replay ends at once.
  while (connection?.subscriptions.get(id)?.state !== 'replay') {
    fixture.hub.clock.advance(1);
    slow.send({ type: 'terminal:attach', commandId: id });
    while (connection?.lastActivity !== fixture.hub.clock.now()) await fixture.hub.flush();
  }
  fixture.agent.sendOutput(id, 'b');
  fixture.agent.sendFinished(id);
  await fixture.dashboard.waitForComplete(id);
  slow.resume();
  await slow.waitForComplete(id);
  expect(slow.sequencesOf(id).filter((sequence) => sequence !== 0)).toEqual([1]);
});

test('a dashboard that stalls briefly misses nothing and is live again', async () => {
  await using fixture = await startHubFixture();
  const slow = await connectManualDashboard(fixture.hub);
  const { connectionId } = await slow.waitFor('dashboard:welcome');
  const id = await fixture.startCommand();
  slow.pause();
  const sent = await floodUntilSlow(fixture, connectionOf(fixture, connectionId), id);
  slow.resume();
  await slow.waitUntil(() => slow.sequencesOf(id).length === sent, 'all output');
  await flood(fixture, id, sent, 20);
  fixture.agent.sendFinished(id);
  await slow.waitForComplete(id);
  expect(slow.sequencesOf(id)).toEqual(Array.from({ length: sent + 20 }, (_, i) => i));
});

test('a dashboard that stalls for 30 s is closed with 1013 and can resume', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const slow = await connectManualDashboard(hub);
  const { connectionId, hubEpoch } = await slow.waitFor('dashboard:welcome');
  const id = await fixture.startCommand();
  slow.pause();
  const connection = connectionOf(fixture, connectionId);
  const sent = await floodUntilSlow(fixture, connection, id);
  await hub.advance(29_000, agent, dashboard);
  expect(connection.state).toBe('CONNECTED');
  // The network buffers may take some more output late, which restarts the 30 s.
  while (connection.state === 'CONNECTED') await hub.advance(1_000, agent, dashboard);
  expect(connection.state).toBe('RECONNECTING');
  slow.resume();
  expect(await slow.closed).toEqual({ code: 1013, reason: 'slow_consumer' });

  const received = slow.sequencesOf(id);
  const resumed = await openDashboard(hub);
  const terminals = [{ commandId: id, afterSequence: received.length - 1 }];
  const welcome = await resumed.connect(hub, { resume: { connectionId, hubEpoch, terminals } });
  expect(welcome.resumed).toBe(true);
  agent.sendFinished(id);
  await resumed.waitForComplete(id);
  expect(coversRange([...received, ...resumed.sequencesOf(id)], 0, sent)).toBe(true);
});

test('a stalled dashboard with compression loses and repeats nothing', async () => {
  await using fixture = await startHubFixture();
  const slow = await connectManualDashboard(fixture.hub, { accept: ['deflate-raw'] });
  const { connectionId } = await slow.waitFor('dashboard:welcome');
  const id = await fixture.startCommand();
  slow.pause();
  const connection = connectionOf(fixture, connectionId);
  for (let sent = 20; connection.subscriptions.get(id)?.state !== 'replay'; sent += 20) {
    for (let i = 0; i < 20; i++) {
      fixture.agent.sendOutput(id, crypto.getRandomValues(new Uint8Array(5_000)).toHex());
    }
    await fixture.agent.waitForAck(id, sent);
    if (connection.backlogSince === null) continue;
    await fixture.hub.advance(SLOW_AFTER_MS, fixture.agent, fixture.dashboard);
  }
  slow.resume();
  fixture.agent.sendFinished(id);
  await Promise.all([slow.waitForComplete(id), fixture.dashboard.waitForComplete(id)]);
  expect(slow.outputOf(id)).toBe(fixture.dashboard.outputOf(id));
});

test('32 chunks in one tick leave a dashboard that reads on the live topic', async () => {
  await using fixture = await startHubFixture();
  const { connectionId } = await fixture.dashboard.waitFor('dashboard:welcome');
  const id = await fixture.startCommand();
  const buffer = fixture.hub.hub.state.terminalBuffers.get(id);
  for (let sequence = 0; sequence < 32; sequence++) buffer?.write(sequence, 'stdout', CHUNK);
  expect(connectionOf(fixture, connectionId).subscriptions.get(id)?.state).toBe('live');
  await fixture.dashboard.waitUntil(
    () => fixture.dashboard.sequencesOf(id).length === 32,
    'all output',
  );
});

test('output published in one tick has a bounded backlog, and every byte or a gap arrives', async () => {
  await using fixture = await startHubFixture();
  const slow = await connectManualDashboard(fixture.hub, { accept: ['deflate-raw'] });
  const { connectionId } = await slow.waitFor('dashboard:welcome');
  const id = await fixture.startCommand();
  await slow.waitForStatus(id, 'running');
  slow.pause();
  const buffer = fixture.hub.hub.state.terminalBuffers.get(id);
  const data = crypto.getRandomValues(new Uint8Array(CHUNK_BYTES / 2)).toHex();
  for (let sequence = 0; sequence < 2 * FLOOD_CHUNKS; sequence++) {
    buffer?.write(sequence, 'stdout', data);
  }
  for (const { link } of fixture.hub.hub.state.dashboards.values()) {
    expect(link.bufferedBytes()).toBeLessThan(MAX_BACKLOG_BYTES + 40 * CHUNK_BYTES);
  }
  expect(connectionOf(fixture, connectionId).subscriptions.get(id)?.state).toBe('replay');
  slow.resume();
  fixture.agent.sendFinished(id);
  for (const dashboard of [slow, fixture.dashboard]) {
    const { lastSequence, totalBytes } = await dashboard.waitForComplete(id);
    expect(coversRange(dashboard.sequencesOf(id), 0, lastSequence + 1)).toBe(true);
    const lost = dashboard.ofType('terminal:gap').reduce((sum, { bytes }) => sum + bytes, 0);
    expect(byteLength(dashboard.outputOf(id)) + lost).toBe(totalBytes);
  }
});
