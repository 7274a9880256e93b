// What agents' and dashboards' sockets have in common: the first message, frames and shutdown.
import { describe, expect, test } from 'bun:test';
import { connectDashboard, openDashboard } from '../../support/hub/dashboard.ts';
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';
import { connectAgent, connectManualAgent, openAgent } from '../../support/hub/scripted-agent.ts';
import type { CloseEvent } from '../../support/message-recorder.ts';

/** What the scripted agent and dashboard have in common. */
interface Peer {
  sendFrame(frame: string | Uint8Array): void;
  ping(): Promise<void>;
  readonly closed: Promise<CloseEvent>;
  readonly received: readonly { type: string; message?: string }[];
  waitUntil<T>(evaluate: () => T | undefined, description: string): Promise<T>;
}

describe.each(['dashboard', 'agent'] as const)('a %s', (kind) => {
  const open = (hub: TestHub): Promise<Peer> =>
    kind === 'dashboard' ? openDashboard(hub) : openAgent(hub);
  const connect = (hub: TestHub): Promise<Peer> =>
    kind === 'dashboard' ? connectDashboard(hub) : connectAgent(hub);
  /** Waits for the hub's nth error. Returns its message. */
  const findError = (peer: Peer, nth = 0) =>
    peer.waitUntil(
      () => peer.received.filter(({ type }) => type === 'error')[nth]?.message,
      'an error',
    );

  test('that sends nothing for 5 s is closed', async () => {
    await using hub = await startTestHub();
    const socket = await open(hub);
    hub.clock.advance(4_999);
    await socket.ping();
    hub.clock.advance(1);
    expect(await socket.closed).toEqual({ code: 1013, reason: 'first_message_timeout' });
  });

  test('that has connected has no such timeout', async () => {
    await using hub = await startTestHub();
    const socket = await connect(hub);
    hub.clock.advance(5_000);
    await socket.ping();
  });

  test.each<[string, string | Uint8Array, string]>([
    ['invalid JSON', 'nonsense', 'invalid_message'],
    [
      'another message',
      '{"type":"terminal:detach","version":"1.0.0","commandId":"x"}',
      kind === 'dashboard' ? 'unauthenticated' : 'invalid_message',
    ],
    [
      "an agent's message",
      '{"type":"command:started","version":"1.0.0","commandId":"x"}',
      kind === 'agent' ? 'unauthenticated' : 'invalid_message',
    ],
    [
      'an invalid connect message',
      `{"type":"${kind}:connect","version":"1.0.0"}`,
      'invalid_message',
    ],
    ['another version', `{"type":"${kind}:connect","version":"2.0.0"}`, 'unsupported_version'],
    ['a binary frame with an unknown flag', new Uint8Array([9, 9]), 'invalid_message'],
  ])('whose first message is %s is closed', async (_name, frame, reason) => {
    await using hub = await startTestHub();
    const socket = await open(hub);
    socket.sendFrame(frame);
    expect(await socket.closed).toEqual({ code: 1008, reason });
  });

  test('can send up to 1 MiB in a message', async () => {
    await using hub = await startTestHub();
    const socket = await connect(hub);
    socket.sendFrame('x'.repeat(1_048_576));
    await findError(socket);
    socket.sendFrame('x'.repeat(1_048_577));
    expect((await socket.closed).code).toBeOneOf([1009, 1006]);
    await connectDashboard(hub);
  });

  test('that floods the hub with invalid frames receives an error, then is closed', async () => {
    await using hub = await startTestHub();
    const socket = await connect(hub);
    for (let i = 0; i < 2_000; i += 1) socket.sendFrame('nonsense');
    expect(await socket.closed).toEqual({ code: 1008, reason: 'rate_limited' });
    const errors = socket.received.filter(({ type }) => type === 'error');
    expect(errors.length).toBeLessThanOrEqual(52);
    expect(errors.at(-1)).toMatchObject({ code: 'rate_limited' });
  });

  test('can send binary frames', async () => {
    await using hub = await startTestHub();
    const socket = await connect(hub);
    const text = new TextEncoder().encode('{"type":"hub:explode","version":"1.0.0"}');
    socket.sendFrame(new Uint8Array([0, ...text]));
    expect(await findError(socket)).toContain('hub:explode');
    socket.sendFrame(new Uint8Array([1, ...Bun.deflateSync(text)]));
    expect(await findError(socket, 1)).toContain('hub:explode');
  });
});

describe('a hub that shuts down', () => {
  test('closes all sockets with 1001, including pending ones', async () => {
    await using hub = await startTestHub();
    const agent = await connectManualAgent(hub);
    const second = await openAgent(hub);
    second.sendConnect({ token: agent.token, instanceId: 'other' });
    await second.ping();
    const peers = [
      agent,
      second,
      await connectDashboard(hub),
      await openDashboard(hub),
      await openAgent(hub),
    ];
    hub.drain();
    hub.hub.stop();
    for (const peer of peers) expect(await peer.closed).toEqual({ code: 1001, reason: 'shutdown' });
  });
});
