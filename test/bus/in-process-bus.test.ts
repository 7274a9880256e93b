// The bus within one process: that it is a bus.
import { expect, test } from 'bun:test';
import { createInProcessBus } from '../../src/bus/in-process.ts';
import { describeBus } from './bus-conformance.ts';

describeBus(
  'in one process',
  {
    isLive: true,
    start() {
      const { connect } = createInProcessBus();
      return Promise.resolve({
        connect: (onError) => Promise.resolve(connect(onError)),
        remove: () => Promise.resolve(),
      });
    },
  },
  { hasFaults: false },
);

test('a single hub does not encode its messages', () => {
  const bus = createInProcessBus().connect(() => undefined);
  let isEncoded = false;
  bus.publish('news', {
    toJSON() {
      isEncoded = true;
      return null;
    },
  });
  expect(isEncoded).toBeFalse();
});
