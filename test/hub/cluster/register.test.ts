// The name of a hub after a crash.
import { expect, test } from 'bun:test';
import { registerHub } from '../../../src/hub/cluster/register.ts';
import { LEASE_MS, NODE_IN_USE_CODE } from '../../../src/store/cluster.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const hub = { node: 'hub-1', hubId: 'second', version: '1.0.0' };

/** Registers a hub whose name is free after a time, and advances the clock until that has ended. */
async function register(inUseMs: number) {
  const clock = createManualClock({ start: 0, realTimeBelowMs: 0 });
  const messages: string[] = [];
  const note = (message: string) => void messages.push(message);
  let hasEnded = false;
  const registered = registerHub(
    {
      register() {
        if (clock.monotonic() >= inUseMs) return Promise.resolve();
        const error = new Error('Another hub is called "hub-1".');
        return Promise.reject(Object.assign(error, { code: NODE_IN_USE_CODE }));
      },
    },
    hub,
    { clock, log: { info: note, warn: note, error: note } },
  );
  const result = registered.then(
    () => 'registered',
    (error: Error) => error.message,
  );
  void result.then(() => (hasEnded = true));
  while (!hasEnded) {
    clock.advance(250);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  return { result: await result, messages };
}

test('a free name is taken at once', async () => {
  expect(await register(0)).toEqual({ result: 'registered', messages: [] });
});

test('the hub waits for the end of a lease', async () => {
  const { result, messages } = await register(LEASE_MS);
  expect(result).toBe('registered');
  expect(messages).toEqual(['Another hub has this name. Waiting for the end of its lease.']);
});

test('it gives up if another hub keeps the name', async () => {
  expect((await register(Number.POSITIVE_INFINITY)).result).toBe('Another hub is called "hub-1".');
});
