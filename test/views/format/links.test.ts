// The links in a text.
import { expect, test } from 'bun:test';
import { assert, property, string } from 'fast-check';
import { splitLinks } from '../../../views/format/links.ts';

const urlsOf = (text: string) => splitLinks(text).flatMap(({ url }) => url ?? []);

test.each([
  ['no link here: ftp://x javascript:alert(1) http:// https', []],
  ['See http://example.com/a?b=1&c#d.', ['http://example.com/a?b=1&c#d']],
  ['(https://example.com/a_(b)), and', ['https://example.com/a_(b)']],
  ['[x](https://example.com/y)!', ['https://example.com/y']],
  [
    '"https://example.com/",<https://example.org>',
    ['https://example.com/', 'https://example.org/'],
  ],
  ['https://example.com...?!', ['https://example.com/']],
  ['HTTPS://Example.com/A:', ['https://example.com/A']],
  ['http://localhost:3000/\u202etxt', ['http://localhost:3000/']],
])('%s', (text, urls) => {
  expect(urlsOf(text)).toEqual(urls);
});

test('the parts are the text, and links are http or https', () => {
  assert(
    property(string(), string(), (before, after) => {
      const text = `${before}https://a.example/${after}`;
      const parts = splitLinks(text);
      expect(parts.map((part) => part.text).join('')).toBe(text);
      for (const { url = 'https:' } of parts) expect(url).toMatch(/^https?:/);
    }),
  );
});
