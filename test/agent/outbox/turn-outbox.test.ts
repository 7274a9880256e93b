// The turn outbox: which updates it makes, sends, resends and leaves out.
import { describe, expect, test } from 'bun:test';
import { createTurnOutbox } from '../../../src/agent/outbox/turn-outbox.ts';
import type { TurnUpdate } from '../../../src/protocol/agent-to-hub.ts';
import { MAX_TURN_PARTS } from '../../../src/protocol/limits.ts';
import type { Unversioned } from '../../../src/protocol/message.ts';
import type { TurnPart } from '../../../src/protocol/turn.ts';

const message = (text: string): TurnPart => ({ type: 'message', text });
const thought = (text: string, durationMs?: number): TurnPart => ({
  type: 'thought',
  text,
  ...(durationMs !== undefined && { durationMs }),
});

function openOutbox() {
  const sent: Unversioned<TurnUpdate>[] = [];
  let isConnected = true;
  const outbox = createTurnOutbox('c', (update) => {
    if (isConnected) sent.push(update);
    return isConnected;
  });
  return {
    ...outbox,
    sent,
    setConnected: (value: boolean) => (isConnected = value),
    take: () =>
      sent
        .splice(0)
        .map(({ sequence, part, content, append }) => [sequence, part, content ?? append]),
  };
}

describe('updates', () => {
  test('have the content of new parts, and then only the text that was added', () => {
    const outbox = openOutbox();
    outbox.set(0, message('Hel'));
    outbox.flush();
    outbox.set(0, message('Hello'));
    outbox.set(1, thought('Hm'));
    outbox.flush();
    expect(outbox.take()).toEqual([
      [0, 0, message('Hel')],
      [1, 0, 'lo'],
      [2, 1, thought('Hm')],
    ]);
  });

  test('have the whole content if more than the text has changed', () => {
    const outbox = openOutbox();
    outbox.set(0, thought('Hm'));
    outbox.set(1, message('abc'));
    outbox.flush();
    outbox.set(0, thought('Hm', 5));
    outbox.set(1, message('xbc'));
    outbox.flush();
    expect(outbox.take().slice(2)).toEqual([
      [2, 0, thought('Hm', 5)],
      [3, 1, message('xbc')],
    ]);
  });

  test('are made of the latest content when they can be sent', () => {
    const outbox = openOutbox();
    for (const text of ['a', 'ab', 'abc']) outbox.set(0, message(text));
    outbox.flush();
    expect(outbox.take()).toEqual([[0, 0, message('abc')]]);
  });

  test('are counted at the end', () => {
    const outbox = openOutbox();
    expect(outbox.finish()).toBe(0);
    outbox.set(0, message('a'));
    outbox.set(1, message('b'));
    expect(outbox.finish()).toBe(2);
    expect(outbox.isSent()).toBe(false);
    outbox.flush();
    expect(outbox.isSent()).toBe(true);
  });
});

describe('after a reconnect', () => {
  test('only what the hub does not have is sent again', () => {
    const outbox = openOutbox();
    for (const text of ['a', 'ab', 'abc', 'abcd']) {
      outbox.set(0, message(text));
      outbox.flush();
    }
    outbox.take();
    outbox.ack(1);
    outbox.resumeFrom(3);
    outbox.flush();
    expect(outbox.take()).toEqual([[3, 0, 'd']]);
    outbox.resumeFrom(null);
    outbox.flush();
    expect(outbox.take()).toEqual([
      [1, 0, 'b'],
      [2, 0, 'c'],
      [3, 0, 'd'],
    ]);
  });

  test('what could not be sent follows', () => {
    const outbox = openOutbox();
    outbox.set(0, message('a'));
    outbox.setConnected(false);
    outbox.flush();
    outbox.set(0, message('ab'));
    outbox.setConnected(true);
    outbox.resumeFrom(0);
    outbox.flush();
    expect(outbox.take()).toEqual([
      [0, 0, message('a')],
      [1, 0, 'b'],
    ]);
    outbox.ack(2);
    outbox.resumeFrom(2);
    outbox.flush();
    expect(outbox.take()).toEqual([]);
    expect(outbox.isSent()).toBe(true);
  });

  test('a position that the outbox no longer has is ignored', () => {
    const outbox = openOutbox();
    outbox.set(0, message('a'));
    outbox.flush();
    outbox.ack(1);
    outbox.take();
    outbox.resumeFrom(0);
    outbox.flush();
    expect(outbox.take()).toEqual([]);
  });
});

describe('limits', () => {
  test('updates wait while 1 MiB is not acknowledged', () => {
    const outbox = openOutbox();
    for (let i = 0; i < 40; i++) {
      outbox.set(0, message(String.fromCharCode(97 + (i % 26)).repeat(60_000)));
      outbox.flush();
    }
    const count = outbox.sent.length;
    expect(count).toBeLessThan(20);
    outbox.ack(count);
    outbox.flush();
    expect(outbox.sent.length).toBe(count + 1);
  });

  test.each<[string, (outbox: ReturnType<typeof openOutbox>) => void]>([
    ['a part above 64 KiB', (outbox) => outbox.set(0, message('x'.repeat(65_600)))],
    [
      'parts above 1 MiB',
      (outbox) => {
        for (let i = 0; i < 18; i++) outbox.set(i, message('x'.repeat(60_000)));
      },
    ],
    ['too many parts', (outbox) => outbox.set(MAX_TURN_PARTS, message(''))],
  ])('%s ends the turn with an update without content', (_name, exceed) => {
    const outbox = openOutbox();
    outbox.set(0, message('a'));
    outbox.flush();
    exceed(outbox);
    outbox.set(1, message('ignored'));
    outbox.flush();
    const updates = outbox.sent.slice(1);
    expect(updates).toHaveLength(1);
    expect(updates[0]).not.toHaveProperty('content');
    expect(updates[0]).not.toHaveProperty('append');
    expect(outbox.finish()).toBe(2);
  });
});
