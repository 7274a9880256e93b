// How Markdown of AI programs is shown, and what hostile Markdown cannot do.
import { describe, expect, test } from 'bun:test';
import { Markdown } from '../../../../views/components/turn/markdown.tsx';
import { render } from '../../render.ts';

const show = (text: string) => render(<Markdown text={text} id="m" />);
/** How much CPU time a text may take. Far above what it takes, far below what a quadratic algorithm takes. */
const MAX_MS = 1_500;
const cpuMs = () => process.cpuUsage().user / 1_000;

describe('Markdown', () => {
  test('becomes headings, lists, tables, quotes and emphasis', () => {
    const { html } = show(
      '# One\n\n## Two\n\nSome **bold**, *soft* and ~~old~~ text.\n\n1. first\n2. second\n   - inner\n\n> quoted\n\n|a|b|\n|:-|-:|\n|1|2|\n\n---\n',
    );
    for (const part of [
      '<h3>One</h3>',
      '<h4>Two</h4>',
      '<strong>bold</strong>, <em>soft</em> and <s>old</s>',
      '<ol><li>first</li><li>second<ul><li>inner</li></ul></li></ol>',
      '<blockquote><p>quoted</p></blockquote>',
      '<th class="md-left">a</th>',
      '<td class="md-right">2</td>',
      '<hr/>',
    ]) {
      expect(html.replaceAll('\n', '')).toContain(part);
    }
  });

  test('gives headings consecutive levels below those of the page', () => {
    const { html } = show('## One\n\n#### Two\n\n## Three\n');
    expect(html).toContain('<h3>One</h3><h4>Two</h4><h3>Three</h3>');
  });

  test('keeps the numbers of a list that does not start at 1', () => {
    expect(show('4. four\n5. five').html).toContain('<ol start="4">');
  });

  test('shows task lists as boxes', () => {
    const { findAll, text } = show('- [ ] later\n- [x] done\n- [y] neither');
    expect(findAll('.md-task').map((one) => one.get('aria-label'))).toEqual(['Not done', 'Done']);
    expect(text).toContain('[y] neither');
  });

  test('highlights code in known languages, and leaves other code alone', () => {
    const known = show('```ts\nconst a: string = "<b>";\n```');
    expect(known.html).toContain('<span class="hl-keyword">const</span>');
    expect(known.text).toContain('const a: string = "<b>";');
    expect(known.findAll('[data-copy]')[0]?.get('data-copy')).toBe(
      known.findAll('code')[0]?.get('id'),
    );
    expect(show('```nonsense\nconst a;\n```').html).not.toContain('hl-');
    expect(show(`\`\`\`ts\n${'const a;\n'.repeat(600)}\`\`\``).html).not.toContain('hl-');
    expect(show(`\`\`\`ts\nconst a = '${'x'.repeat(1_000)}';\n\`\`\``).html).not.toContain('hl-');
    expect(show('    indented').text).toContain('indented');
  });

  test('shows an unfinished fence as code', () => {
    expect(show('Text\n\n```ts\nconst a').findAll('pre')).toHaveLength(1);
  });
});

describe('a link', () => {
  test('shows its target and opens in another tab', () => {
    const { findAll, text } = show('See [the docs](https://example.com/a?b=1&c=2).');
    expect(Object.fromEntries(findAll('a')[0] ?? [])).toEqual({
      href: 'https://example.com/a?b=1&c=2',
      title: 'https://example.com/a?b=1&c=2',
      target: '_blank',
      rel: 'noopener noreferrer nofollow',
    });
    expect(text).toContain('the docs (https://example.com/a?b=1&c=2).');
  });

  test('does not repeat a target that is its text', () => {
    const { text, findAll } = show('<https://example.com> and https://example.org/x_(y), end.');
    expect(text.trim()).toBe('https://example.com and https://example.org/x_(y), end.');
    expect(findAll('a').map((link) => link.get('href'))).toEqual([
      'https://example.com',
      'https://example.org/x_(y)',
    ]);
  });

  test('to mail is a link', () => {
    expect(show('[mail](mailto:a@example.com)').findAll('a')).toHaveLength(1);
  });

  test.each([
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](java\nscript:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](\u0001javascript:alert(1))',
    '[x](vbscript:x)',
    '[x](data:text/html;base64,PHNjcmlwdD4=)',
    '[x](data:image/png;base64,AA)',
    '[x](file:///etc/passwd)',
    '[x](ftp://example.com)',
    '[x](//example.com)',
    '[x](/logout)',
    '[x](src/main.ts)',
    '<javascript:alert(1)>',
    '![x](javascript:alert(1))',
    '[x]: javascript:alert(1)\n\n[x]',
  ])('to anything else is text: %j', (text) => {
    const { findAll } = show(text);
    expect(findAll('a')).toEqual([]);
    expect(findAll('img')).toEqual([]);
  });

  test('in an image is a link, and nothing is loaded', () => {
    const { findAll, text } = show('![A cat](https://example.com/cat.png)');
    expect(findAll('img')).toEqual([]);
    expect(text).toContain('Image: A cat (https://example.com/cat.png)');
  });

  test('inside a link does not nest', () => {
    const { html } = show('[see https://inner.example](https://outer.example)');
    expect(html.match(/<a /g)).toHaveLength(1);
  });

  test('cannot leave its attribute', () => {
    const { findAll } = show('[x](<https://e.example/"onmouseover="alert(1)>)');
    expect([...(findAll('a')[0]?.keys() ?? [])].toSorted()).toEqual([
      'href',
      'rel',
      'target',
      'title',
    ]);
  });
});

describe('hostile text', () => {
  test.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
    '# <script>alert(1)</script>',
    '`<script>alert(1)</script>`',
    '```"><script>alert(1)</script>\n<script>alert(1)</script>\n```',
    '```html\n<script>alert(1)</script>\n```',
    '|<script>alert(1)</script>|\n|-|\n|<img src=x onerror=1>|',
    '[<script>alert(1)</script>](https://example.com/<script>)',
    '![<script>alert(1)</script>](https://example.com)',
    '<a href="javascript:alert(1)">x</a>',
    '<!-- --><iframe src="javascript:alert(1)"></iframe>',
    '&lt;script&gt;',
  ])('%j has no elements of its own', (text) => {
    const { html, findAll } = show(text);
    expect(findAll('script, img, svg:not(.icon), iframe, style, object, form')).toEqual([]);
    expect(html).not.toMatch(/<[^>]+\son\w+=/);
  });

  const length = 64_000;
  const repeat = (piece: string) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length);

  test.each(
    [
      '*a ',
      '**a_',
      '[',
      '![[](',
      '](',
      '[a](b',
      '`',
      '``a',
      '> ',
      '- ',
      '1. ',
      '<a',
      '<',
      '&',
      '|',
      '~~',
      '***',
      '_a*',
      '\\',
      'http://a',
      'http://a.b/(',
      'https://aaa.bbb/?',
      '[a]: b\n',
      'a\n-\n',
      '-a|-\n',
      '\n\n',
      '* * ',
      '> - ',
      '[a][a]',
      'a@b.c ',
      '<!--',
      '<![CDATA[',
      '# a\n',
      '```\n',
      '[x](<',
      '[x]("',
      'www.a.b ',
      '((((http://a',
      '.,',
      'https://.,.,.,',
      '| a ',
      '\t-',
      '&#x1F600;',
    ].map((piece) => [piece]),
  )('that repeats %j is shown in time', (piece) => {
    const text = repeat(piece);
    const start = cpuMs();
    const { html } = show(text);
    expect(cpuMs() - start).toBeLessThan(MAX_MS);
    expect(html.length).toBeLessThan(2_000_000);
  });

  test.each([
    ['table', `|${'a|'.repeat(1_900)}\n|${'-|'.repeat(1_900)}\n${'|x\n'.repeat(3_000)}`],
    ['tall table', `|a|b|\n|-|-|\n${'|a|b|\n'.repeat(9_000)}`],
    ['nested quotes', `${'>'.repeat(3_900)}a`],
    ['nested lists', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i * 2)}- a`).join('\n')],
    ['nested brackets', `${'['.repeat(1_900)}a${']'.repeat(1_900)}`],
    ['nested emphasis', '*a **b '.repeat(1_300)],
    ['definitions', Array.from({ length: 3_900 }, (_, i) => `[a${i}]: b`).join('\n')],
  ])('with a very large or deep %s is shown in time', (_name, text) => {
    const start = cpuMs();
    const { html } = show(text);
    expect(cpuMs() - start).toBeLessThan(MAX_MS);
    expect(html.length).toBeLessThan(2_000_000);
  });

  test.each([
    'ini',
    'csharp',
    'ruby',
    'cpp',
    'typescript',
    'php',
    'bash',
    'xml',
    'markdown',
    'sql',
  ])('in the language %s is highlighted in time', (language) => {
    for (const piece of ['_', '0x', 'a', '"', '(', 'a b ', '%', '<a ', '${', '/*', '--', ' ']) {
      const start = cpuMs();
      show(`\`\`\`${language}\n${repeat(piece)}\n\`\`\``);
      show(
        `\`\`\`${language}\n${repeat(`${piece.repeat(900 / piece.length)}\n`).slice(0, 4_990)}\n\`\`\``,
      );
      expect([piece, cpuMs() - start < MAX_MS]).toEqual([piece, true]);
    }
  });
});
