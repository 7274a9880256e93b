// When a page loads itself anew.
import { expect, test } from 'bun:test';
import { isOutdated } from '../../src/browser/build-version.ts';

test.each([
  ['a page of another build', 'a', 'b', [''], true],
  ['a page of the same build', 'a', 'a', [''], false],
  ['a page in which somebody writes', 'a', 'b', ['', 'half a thought'], false],
  ['a page of a hub that does not say', 'a', undefined, [], false],
  ['a page that does not know its own', null, 'b', [], false],
])('%s', (_, own, served, drafts, outdated) => {
  expect(isOutdated(own, served, drafts)).toBe(outdated);
});
