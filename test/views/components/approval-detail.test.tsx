// Diffs are read by what they say of themselves; everything else stays as it is.
import { expect, test } from 'bun:test';
import {
  ApprovalDetail,
  changeSize,
  readDetail,
} from '../../../views/components/approval-detail.tsx';
import { see } from '../render.ts';

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

test('the lines of a diff are told apart', () => {
  expect(readDetail(DIFF).map(({ kind, text }) => [kind, text])).toEqual([
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
  expect(changeSize(readDetail(DIFF))).toEqual({ files: 2, added: 3, removed: 1 });
});

test('a hunk that says more lines than it has takes nothing from what follows', () => {
  const kinds = readDetail('a\n@@ -1,9 +1,9 @@\n-x\n@@ -20,9 +20,9 @@\n+y\nb\n@@ -1 +1 @@\n-z').map(
    ({ kind }) => kind,
  );
  expect(kinds).toEqual(['file', 'hunk', 'old', 'hunk', 'new', 'file', 'hunk', 'old']);
});

test('a command or a list with dashes is no diff', () => {
  for (const text of ['rm -rf x', '- one\n- two\n+ three', '--flag\n-x', '']) {
    expect(readDetail(text)).toEqual([{ kind: 'plain', text }]);
    expect(changeSize(readDetail(text))).toBeNull();
  }
});

test('no line is lost or added', () => {
  for (const text of [DIFF, `${DIFF}\n`, '\n\n', 'x\n@@ -1 +1 @@\n-a\n+b\n\n- c']) {
    expect(
      readDetail(text)
        .map((run) => run.text)
        .join('\n'),
    ).toBe(text);
  }
});

test('the detail stays text, and says how much changes', () => {
  const seen = see(<ApprovalDetail detail={`<b>x</b>\n@@ -1 +1 @@\n-<i>\n+</code></pre>`} />);
  expect(seen.all('b, i')).toEqual([]);
  expect(seen.text).toContain('+1 −1');
  expect(seen.all('.detail-new').length).toBe(2);
});
