// Requests of one hub to another one over a bus that loses messages.
import { expect, test } from 'bun:test';
import type { Bus } from '../../../src/bus/bus.ts';
import { createInProcessBus } from '../../../src/bus/in-process.ts';
import { CallTimeout, createCalls, REPEAT_MS } from '../../../src/hub/cluster/calls.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const TIMEOUT_MS = 5_000;

/** Starts a hub that asks, and one that answers each call with what it was asked for. */
function startHubs() {
  const bus = createInProcessBus();
  const clock = createManualClock();
  const messages = { ignore: () => undefined };
  const done: unknown[] = [];
  let losing = '';
  const lost = Promise.withResolvers<void>();

  /** An endpoint that loses the messages of one type. */
  function connect(): Bus {
    const endpoint = bus.connect(console.error);
    return {
      ...endpoint,
      publish(topic, message) {
        if ((message as { type: string }).type === losing) lost.resolve();
        else endpoint.publish(topic, message);
      },
    };
  }

  const asking = createCalls({ bus: connect(), clock, hubId: 'a', messages }, () =>
    Promise.reject(new Error('It answers nothing.')),
  );
  createCalls({ bus: connect(), clock, hubId: 'b', messages }, (method) => {
    done.push(method);
    return Promise.resolve(`${method} is done`);
  });
  return {
    clock,
    done,
    /** Resolves when a message was lost. */
    lost: lost.promise,
    ask: (method: string, agentId = 'agent') => asking.call('b', method, [agentId], TIMEOUT_MS),
    /** Loses messages of this type from now on. */
    lose: (type: 'request' | 'answer' | '') => void (losing = type),
  };
}

test('a lost request is sent again', async () => {
  const { ask, clock, done, lose } = startHubs();
  lose('request');
  const calls = [ask('first'), ask('second')];
  clock.advance(REPEAT_MS);
  lose('');
  clock.advance(REPEAT_MS);
  expect(await Promise.all(calls)).toEqual(['first is done', 'second is done']);
  expect(done).toEqual(['first', 'second']);
  expect(clock.countTimers()).toBe(0);
});

test('a request whose answer was lost is done once', async () => {
  const { ask, clock, done, lose, lost } = startHubs();
  lose('answer');
  const call = ask('first');
  await lost;
  expect(done).toEqual(['first']);
  lose('');
  clock.advance(REPEAT_MS);
  expect(await call).toBe('first is done');
  expect(done).toEqual(['first']);
});

test('a lost request is not done after a later one about the same agent', async () => {
  const { ask, clock, done, lose } = startHubs();
  lose('request');
  const overtaken = ask('pause').catch((error: unknown) => error);
  const ofOther = ask('pause', 'other');
  lose('');
  expect(await ask('resume')).toBe('resume is done');
  clock.advance(REPEAT_MS);
  expect(await ofOther).toBe('pause is done');
  clock.advance(TIMEOUT_MS);
  expect(await overtaken).toBeInstanceOf(CallTimeout);
  expect(done).toEqual(['resume', 'pause']);
});
