// `signalbox changes`: a diff that git can apply, a list, or JSON.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRepository, runGit } from '../support/agent/work-repository.ts';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';
import { parseLines } from '../support/cli.ts';

let fixture: CliFixture;
let work: string;
let id: string;

beforeAll(async () => {
  fixture = await startCliFixture(['a1', 'plain']);
  work = join(fixture.folder, 'a1');
  createRepository(work, {
    'one.txt': 'a\nb\n',
    'gone.txt': 'x\n',
    'old name.txt': 'y\n'.repeat(9),
  });
  const command = `!echo c >> one.txt; rm gone.txt; mv 'old name.txt' new.txt; printf '\\0' > data.bin; printf 'z\\033]0;t\\n' > $'evil\\n.txt'`;
  id = await run('a1', command);
});
afterAll(() => fixture.stop());

async function run(agentId: string, command: string): Promise<string> {
  const { stdout } = await fixture.cli.run('run', '--json', '--agent', agentId, command);
  return parseLines(stdout)[0]!['commandId'] as string;
}

test('a diff that git can apply', async () => {
  const { stdout, stderr, exitCode } = await fixture.cli.run('changes', id.slice(0, 20));
  expect([stderr, exitCode]).toEqual(['[5 files, +2 −1]\n', 0]);
  expect(stdout).toContain(
    'diff --git a/one.txt b/one.txt\n--- a/one.txt\n+++ b/one.txt\n@@ -1,2 +1,3 @@\n a\n b\n+c\n',
  );
  expect(stdout).toContain('rename from old name.txt\nrename to new.txt\n');
  expect(stdout).toContain('Binary files a/data.bin and b/data.bin differ\n');
  const copy = join(fixture.folder, 'copy');
  mkdirSync(copy);
  runGit(fixture.folder, 'clone', '--quiet', work, copy);
  const text = stdout.replace(/diff --git a\/data.bin[^]*?(?=diff)/, '');
  writeFileSync(join(fixture.folder, 'patch'), text);
  runGit(copy, 'apply', join(fixture.folder, 'patch'));
  const status = runGit(copy, 'status', '--porcelain', '-z').split('\0').toSorted();
  expect(status.filter(Boolean)).toEqual([
    ' D gone.txt',
    ' D old name.txt',
    ' M one.txt',
    '?? evil\n.txt',
    '?? new.txt',
  ]);
});

test('a list', async () => {
  const { stdout } = await fixture.cli.run('changes', '--stat', id);
  expect(stdout.split('\n')).toEqual([
    'A  binary       data.bin',
    'A  +1 −0        "evil\\n.txt"',
    'D  +0 −1        gone.txt',
    'R  +0 −0        old name.txt → new.txt',
    'M  +1 −0        one.txt',
    '',
  ]);
});

test('JSON', async () => {
  const { stdout } = await fixture.cli.run('changes', '--json', id);
  expect(parseLines(stdout)).toMatchObject([{ commandId: id, changes: { files: 5 } }]);
});

test('why there are none', async () => {
  const unchanged = await fixture.cli.run('changes', await run('a1', '!true'));
  expect(unchanged).toEqual({ stdout: '', stderr: '[No files changed.]\n', exitCode: 0 });
  const plain = await fixture.cli.run('changes', await run('plain', '!touch x'));
  expect(plain.stderr).toContain('is not in a Git repository');
});
