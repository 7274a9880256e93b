import { expect, test } from 'bun:test';
import { revealBidiInHtml } from '../../../views/format/reveal-bidi.ts';

const RLO = '\u202e';

test('texts and attributes that people read show the characters; other attributes keep them', () => {
  const html = `<title data-title="a${RLO}">b${RLO}</title><a href="/x${RLO}" title="c > ${RLO}" aria-label="d${RLO}">e${RLO}<input type="hidden" value="f${RLO} title=&quot;"></a>${RLO}`;
  expect(revealBidiInHtml(html)).toBe(
    `<title data-title="a[U+202E]">b[U+202E]</title><a href="/x${RLO}" title="c > [U+202E]" aria-label="d[U+202E]">e[U+202E]<input type="hidden" value="f${RLO} title=&quot;"></a>[U+202E]`,
  );
});

test('HTML without them stays as it is', () => {
  const html = '<p title="a">b &lt; c</p>';
  expect(revealBidiInHtml(html)).toBe(html);
});
