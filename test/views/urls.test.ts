import { expect, test } from 'bun:test';
import { agentUrl, commandUrl, historyUrl } from '../../views/urls.ts';

test('IDs and filters are escaped', () => {
  expect(agentUrl('a/b?c#d')).toBe('/agents/a%2Fb%3Fc%23d');
  expect(commandUrl('javascript:x')).toBe('/commands/javascript%3Ax');
  expect(historyUrl({ q: 'a&b=c' })).toBe('/history?q=a%26b%3Dc');
});
