import { expect, test } from 'bun:test';
import {
  ApprovalDetail,
  countChanges,
  parseDetail,
} from '../../../views/components/approval-detail.tsx';
import { render } from '../render.ts';

const DIFF = `src/a.ts
@@ -1,3 +1,4 @@
 one
-two
+2
+2.5
 three
\\ No newline at end of file

src/b.ts (new)
@@ -0,0 +1 @@
+-- a line that begins with dashes`;

test('classifies the lines of a diff', () => {
  expect(parseDetail(DIFF).map(({ kind, text }) => [kind, text])).toEqual([
    ['file', 'src/a.ts'],
    ['hunk', '@@ -1,3 +1,4 @@'],
    ['same', ' one'],
    ['old', '-two'],
    ['new', '+2\n+2.5'],
    ['same', ' three'],
    ['hunk', '\\ No newline at end of file'],
    ['plain', ''],
    ['file', 'src/b.ts (new)'],
    ['hunk', '@@ -0,0 +1 @@'],
    ['new', '+-- a line that begins with dashes'],
  ]);
  expect(countChanges(parseDetail(DIFF))).toEqual({ files: 2, added: 3, removed: 1 });
});

test('a hunk with fewer lines than declared does not include the text after it', () => {
  const kinds = parseDetail(
    'a\n@@ -1,9 +1,9 @@\n-x\n@@ -20,9 +20,9 @@\n+y\nb\n@@ -1 +1 @@\n-z',
  ).map(({ kind }) => kind);
  expect(kinds).toEqual(['file', 'hunk', 'old', 'hunk', 'new', 'file', 'hunk', 'old']);
});

test('commands and lists with dashes are not diffs', () => {
  for (const text of ['rm -rf x', '- one\n- two\n+ three', '--flag\n-x', '']) {
    expect(parseDetail(text)).toEqual([{ kind: 'plain', text }]);
    expect(countChanges(parseDetail(text))).toBeNull();
  }
});

test('keeps every line', () => {
  for (const text of [DIFF, `${DIFF}\n`, '\n\n', 'x\n@@ -1 +1 @@\n-a\n+b\n\n- c']) {
    expect(
      parseDetail(text)
        .map((run) => run.text)
        .join('\n'),
    ).toBe(text);
  }
});

test('escapes markup and shows the size of the change', () => {
  const rendered = render(
    <ApprovalDetail
      approvalId="q"
      detail={`<b>x</b>\n@@ -1 +1 @@\n-<i>\n+</code></pre>`}
      detailBytes={null}
    />,
  );
  expect(rendered.findAll('b, i')).toEqual([]);
  expect(rendered.text).toContain('+1 −1');
  expect(rendered.findAll('.detail-new').length).toBe(2);
});

test('a diff with very many changes is marked only at its beginning, and not counted', () => {
  const detail = `a.ts\n@@ -1,9000 +1,9000 @@\n${'-a\n+b\n'.repeat(9_000)}`;
  const runs = parseDetail(detail);
  expect(runs).toHaveLength(1_001);
  expect(runs.map(({ text }) => text).join('\n')).toBe(detail);
  expect(countChanges(runs)).toBeNull();
});

test('the changes in a part of a diff are not counted', () => {
  const part = render(<ApprovalDetail approvalId="q/1" detail={DIFF} detailBytes={1_258_291} />);
  expect(part.findAll('.detail-size')).toEqual([]);
  expect(part.text).toContain('Show all (1.2 MB)');
  expect(part.findAll('button')[0]?.get('hx-get')).toBe('/approvals/q%2F1/detail');
});
