// Changes on pages: diffs in two views, marks, notes about what is missing, and who can do what.
import { describe, expect, test } from 'bun:test';
import type { VNode } from 'preact';
import type { ChangesResponse } from '../../../../src/protocol/api.ts';
import { explainNoChanges } from '../../../../src/protocol/report-format.ts';
import { ChangedFiles, FileList } from '../../../../views/components/changes/changed-files.tsx';
import { markWords, toSplitRows } from '../../../../views/components/changes/diff-rows.ts';
import { FileDiff } from '../../../../views/components/changes/file-diff.tsx';
import { findLine, parsePatch } from '../../../../views/components/changes/parse-patch.ts';
import { RevertDialog } from '../../../../views/components/changes/revert-dialog.tsx';
import { ChangesPage, type ChangesPageProps } from '../../../../views/pages/changes.tsx';
import { agent, command, fileChange } from '../../../support/samples.ts';
import { render } from '../../render.ts';
import { context, operator, viewer } from '../../samples.ts';

const PATCH = [
  '@@ -10,4 +10,5 @@ function start() {',
  ' same',
  '-const total = items.length;',
  '+const total = open.length;',
  '+const more = 1;',
  ' end',
  '@@ -30 +31 @@',
  '-last',
  '\\ No newline at end of file',
  '+last',
  '',
].join('\n');

const changesOf = (
  files: Partial<ChangesResponse['files'][number]>[],
  fields: Partial<ChangesResponse> = {},
): ChangesResponse => ({
  commandId: 'c1',
  changes: { files: files.length, added: 1, removed: 1 },
  changesProblem: null,
  files: files.map((file) => Object.assign(fileChange(file), { isReverted: false }, file)),
  omittedFiles: 0,
  ...fields,
});

const props = { view: 'unified', canComment: true, canRevert: true } as const;

describe('a patch', () => {
  test('is parsed into numbered lines', () => {
    const [first, second] = parsePatch(PATCH);
    expect(first).toMatchObject({ heading: 'function start() {', oldStart: 10, newStart: 10 });
    expect(first?.lines.map(({ oldNumber, newNumber }) => [oldNumber, newNumber])).toEqual([
      [10, 10],
      [11, null],
      [null, 11],
      [null, 12],
      [12, 13],
    ]);
    expect(second?.lines).toMatchObject([
      { kind: 'old', text: 'last', isUnterminated: true },
      { kind: 'new', text: 'last', isUnterminated: false },
    ]);
  });

  test('that is not one has no lines', () => {
    expect(parsePatch('')).toEqual([]);
    expect(parsePatch('<b>\n+x\n\\ x\n')).toEqual([]);
    expect(parsePatch('@@ -1 +1 @@\njunk\n+x')).toMatchObject([{ lines: [{ text: 'x' }] }]);
  });

  test('finds the line that a comment is about', () => {
    expect(findLine(PATCH, 'new', 12)).toBe('const more = 1;');
    expect(findLine(PATCH, 'old', 11)).toBe('const total = items.length;');
    expect(findLine(PATCH, 'new', 99)).toBeNull();
  });

  test('has old and new lines side by side', () => {
    const rows = toSplitRows(parsePatch(PATCH)[0]?.lines ?? []);
    expect(rows.map((row) => [row.old?.text, row.new?.text])).toEqual([
      ['same', 'same'],
      ['const total = items.length;', 'const total = open.length;'],
      [undefined, 'const more = 1;'],
      ['end', 'end'],
    ]);
  });

  test('has marks on the words that differ, if the lines are similar', () => {
    const markedIn = (patch: string) =>
      [...markWords(parsePatch(patch)).values()]
        .flat()
        .filter(({ isChanged }) => isChanged)
        .map(({ text }) => text);
    const similar = '@@ -1 +1 @@\n-const total = items.length;\n+const total = open.length;\n';
    expect(markedIn(similar)).toEqual(['items', 'open']);
    expect(markedIn('@@ -1 +1 @@\n-return a;\n+throw new Error(message);\n')).toEqual([]);
    const long = 'word '.repeat(200);
    expect(markedIn(`@@ -1 +1 @@\n-${long}a\n+${long}b\n`)).toEqual([]);
  });
});

describe('a diff', () => {
  const show = (file: Parameters<typeof fileChange>[0], view: 'unified' | 'split' = 'unified') =>
    render(<FileDiff file={fileChange(file)} view={view} canComment />);

  test('says in text which lines are old and new', () => {
    const { text } = show({ patch: PATCH });
    expect(text).toContain('-const total = items.length;');
    expect(text).toContain('+const total = open.length;');
    expect(text).toContain('9 unchanged lines function start() {');
    expect(text).toContain('17 unchanged lines');
  });

  test.each(['unified', 'split'] as const)(
    'has one button for each line in the %s view',
    (view) => {
      const buttons = show({ patch: PATCH }, view).findAll('[data-comment]');
      expect(buttons.map((button) => button.get('data-comment'))).toEqual([
        'new:10',
        'old:11',
        'new:11',
        ...(view === 'split' ? ['new:12', 'new:13', 'old:30', 'new:31'] : []),
        ...(view === 'unified' ? ['new:12', 'new:13', 'old:30', 'new:31'] : []),
      ]);
      expect(buttons.every((button) => button.get('tabindex') === '-1')).toBe(true);
    },
  );

  test('without permission has no buttons', () => {
    const view = <FileDiff file={fileChange()} view="unified" canComment={false} />;
    expect(render(view).findAll('button')).toEqual([]);
  });

  test.each([
    ['Binary file', { isBinary: true, patch: undefined }],
    ['Regular file → Executable file', { oldMode: '100644', newMode: '100755' }],
    ['Renamed without changes', { kind: 'renamed', oldPath: 'a', patch: undefined }],
    ['Empty file', { kind: 'added', patch: undefined }],
    ['This diff is too large to show', { omitted: 'too_large', patch: undefined }],
    ['The rest of this diff is too large', { omitted: 'too_large' }],
    ['too large together', { omitted: 'limit', patch: undefined }],
    ['could not read it in time', { omitted: 'failed', patch: undefined }],
  ] as const)('says: %s', (words, fields) => {
    const { patch = fileChange().patch, ...file } = { ...fileChange(), ...fields };
    const shown = 'patch' in fields ? file : { ...file, ...(patch !== undefined && { patch }) };
    expect(render(<FileDiff file={shown} view="unified" canComment />).text).toContain(words);
  });

  test('shows control characters', () => {
    const { text } = show({ patch: '@@ -0,0 +1 @@\n+a\u001b[31m\u0000\r\n' });
    expect(text).toContain('+a␛[31m␀␍');
  });
});

describe('the files of a command', () => {
  const show = (changes: ChangesResponse, more = {}) =>
    render(<ChangedFiles changes={changes} {...props} {...more} />);

  test('long diffs are closed, and loaded when they are opened', () => {
    const long = `@@ -0,0 +1,600 @@\n${'+x\n'.repeat(600)}`;
    const { findAll } = show(changesOf([{ path: 'a b&c', patch: long }, { path: 'small' }]));
    expect(findAll('details[open]')).toHaveLength(1);
    expect(findAll('[hx-get*=file]').map((one) => one.get('hx-get'))).toEqual([
      '/commands/c1/changes/file?path=a+b%26c&view=unified',
    ]);
    const many = Array.from({ length: 10 }, (_, index) => ({
      path: `${index}`,
      patch: `@@ -0,0 +1,300 @@\n${'+x\n'.repeat(300)}`,
    }));
    expect(
      show(changesOf([{ path: 'long', patch: long }, ...many])).findAll('details[open]'),
    ).toHaveLength(4);
  });

  test('only files that can be reverted have the button, for those who may', () => {
    const files = [
      { path: 'a' },
      { path: 'b', isRevertible: false },
      { path: 'c', isReverted: true },
    ];
    const { findAll, text } = show(changesOf(files));
    const dialogs = '[hx-get*="/revert"]';
    expect(findAll(dialogs).map((one) => one.get('hx-get'))).toEqual([
      '/commands/c1/revert?path=a',
    ]);
    expect(text).toContain('Reverted');
    expect(show(changesOf(files), { canRevert: false }).findAll(dialogs)).toEqual([]);
  });

  test('says how many are not listed', () => {
    expect(show(changesOf([{}], { omittedFiles: 3 })).text).toContain('3 more files changed');
    const list = render(<FileList changes={changesOf([{ path: 'a' }, { path: 'b' }])} limit={1} />);
    expect(list.text).toContain('1 more file');
  });

  test('binary files have their sizes instead of lines', () => {
    const { text } = show(changesOf([{ isBinary: true, oldSize: 10, newSize: 2_048 }]));
    expect(text).toContain('10 B → 2.0 KB');
  });
});

test('the dialog names the file that is reverted', () => {
  const [file] = changesOf([{ path: 'src/a.ts' }]).files;
  if (!file) throw new Error('no file');
  const { text, findAll } = render(
    <RevertDialog commandId="c1" agentId="api" file={file} error="It has changed." />,
  );
  expect(text).toContain('src/a.ts');
  expect(text).toContain('Revert a.ts');
  expect(text).toContain('It has changed.');
  expect(findAll('form')[0]?.get('hx-post')).toBe('/commands/c1/revert');
  expect(findAll('[name=path]')[0]?.get('value')).toBe('src/a.ts');
});

describe('the page', () => {
  const page = (fields: Partial<ChangesPageProps> = {}) => (
    <ChangesPage
      {...{ context, user: operator, agentId: 'build', agent: agent(), conversationId: 'talk' }}
      scope="command"
      commands={[
        {
          command: command({ id: 'c1', changes: { files: 1, added: 1, removed: 1 } }),
          changes: changesOf([{}]),
        },
      ]}
      hasEarlier={false}
      view="unified"
      requestId="r"
      {...fields}
    />
  );

  test('has no link to a composer', () => {
    expect(render(page()).findAll('[href="#command"]')).toEqual([]);
  });

  test('offers comments and reverts to operators of an agent that takes prompts', () => {
    const has = (view: VNode) => {
      const { findAll } = render(view);
      return [
        findAll('#review').length,
        findAll('[data-comment]').length > 0,
        findAll('[hx-get*="/revert"]').length,
      ];
    };
    expect(has(page())).toEqual([1, true, 1]);
    expect(has(page({ user: viewer }))).toEqual([0, false, 0]);
    expect(has(page({ agent: agent({ capabilities: ['shell'] }) }))).toEqual([0, false, 1]);
    expect(has(page({ agent: null }))).toEqual([0, false, 0]);
  });

  test('links to the other view and to the conversation', () => {
    const { findAll } = render(page());
    const links = findAll('.changes-header a').map((link) => link.get('href'));
    expect(links).toContain('/commands/c1/changes?view=split');
    expect(links).toContain('/agents/build/changes?conversation=talk');
  });

  test('of a conversation counts a file once', () => {
    const commands = ['c1', 'c2'].map((id) => ({
      command: command({
        id,
        command: `prompt ${id}`,
        changes: { files: 1, added: 2, removed: 1 },
      }),
      changes: changesOf([{}], { commandId: id }),
    }));
    const { text } = render(page({ scope: 'conversation', commands }));
    expect(text).toContain('1 file +4 −2');
    expect(text).toContain('prompt c2');
  });
});

test.each([
  ['No files changed', { status: 'completed', changes: { files: 0, added: 0, removed: 0 } }],
  ['not in a Git repository', { status: 'completed', changesProblem: 'no_repository' }],
  ['ignores', { status: 'failed', changesProblem: 'ignored' }],
  ['Git is not installed', { status: 'completed', changesProblem: 'no_git' }],
  ['too large', { status: 'completed', changesProblem: 'timeout' }],
  ["agent's log", { status: 'completed', changesProblem: 'failed' }],
  ['when the command has ended', { status: 'running' }],
  ['did not report', { status: 'interrupted' }],
] as const)('explains: %s', (words, fields) => {
  expect(explainNoChanges(command({ ...fields }))).toContain(words);
});

test('there is nothing to explain if files changed', () => {
  const changes = { files: 1, added: 0, removed: 0 };
  expect(explainNoChanges(command({ status: 'completed', changes }))).toBeNull();
});
