// The descriptions of slash commands that an agent announces.
import { expect, test } from 'bun:test';
import { createRunnerSet } from '../../src/agent/runner-set.ts';
import { createManualRunner } from '../support/agent/manual-runner.ts';
import { createManualClock } from '../support/manual-clock.ts';

test('are those of the announced commands, each in one line, and shortened', () => {
  const { runner } = createManualRunner();
  const descriptions = {
    '/review': ' Reviews\nthe  changes. ',
    '/hidden': 'Not a capability.',
    prompt: '',
  };
  const announce = (texts: Record<string, string>) =>
    createRunnerSet(
      [{ ...runner, descriptions: () => texts }],
      createManualClock(),
      () => undefined,
    ).announcement();
  expect(announce(descriptions).descriptions).toEqual({ '/review': 'Reviews the changes.' });
  const long = announce({ '/review': 'x'.repeat(300) }).descriptions?.['/review'] ?? '';
  expect([long.length, long.at(-1)]).toEqual([200, '…']);
  expect('descriptions' in announce({})).toBe(false);
});
