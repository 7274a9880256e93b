// The static output of a block.
import { expect, test } from 'bun:test';
import { BlockOutput } from '../../../views/components/block-output.tsx';
import { createTerminalText } from '../../../views/format/terminal-text.ts';
import { command } from '../../support/samples.ts';
import { render } from '../render.ts';

function renderOutput(output: string, length = 4_000) {
  const text = createTerminalText({ from: 0, to: 10, last: 0, length });
  text.add(output, 'stdout');
  const { first, total } = text.finish();
  const shown = { state: 'whole' as const, first, last: [], total, totalBytes: output.length };
  return render(<BlockOutput command={command()} output={shown} />);
}

const linksOf = (output: string, length?: number) =>
  renderOutput(output, length)
    .findAll('a')
    .map((link) => [link.get('href'), link.get('class'), link.get('rel')]);

const link = (url: string) => [url, 'output-link', 'noopener noreferrer'];

test('URLs and links of the program are links, with text that stays text', () => {
  expect(linksOf('\u001b[31mat http://x.example/a"b<i>.\u001b[m\n')).toEqual([
    link('http://x.example/a'),
  ]);
  const named = '\u001b]8;;https://x.example/?a="&b\u0007<b>docs</b>\u001b]8;;\u0007\n';
  expect(linksOf(named)).toEqual([link('https://x.example/?a=%22&b')]);
  expect(renderOutput(named).text).toContain('<b>docs</b>');
  expect(renderOutput(named).findAll('b')).toEqual([]);
  expect(linksOf('\u001b]8;;javascript:alert(1)\u0007x\u001b]8;;\u0007\n')).toEqual([]);
});

test('a URL whose end is left out is not a link', () => {
  const output = `https://a.example/ https://b.example/${'b'.repeat(100)}\n`;
  expect(linksOf(output, 60)).toEqual([link('https://a.example/')]);
});

test('says whether there was no output, or only that of a program on the whole screen', () => {
  expect(renderOutput('').text).toBe('No output.');
  expect(renderOutput('\u001b[?1049htop\u001b[?1049l').text).toContain('used the whole screen');
});
