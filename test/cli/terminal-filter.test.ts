// What the output of a command can do to the terminal of the person who reads it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { createTerminalFilter } from '../../src/cli/terminal-filter.ts';
import { buildBinary } from '../support/binary.ts';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';

describe('a filter', () => {
  test.each([
    ['text', 'plain é✓🚦\tx\r\ny\b', 'plain é✓🚦\tx\r\ny\b'],
    ['colors', '\u001b[1;31mred\u001b[0m \u001b[38:2:1:2:3mx\u001b[m', null],
    ['a progress bar', '10%\r\u001b[K20%\u001b[1A\u001b[2K\u001b[3G\u001b[H', null],
    ['the clipboard (OSC 52)', 'a\u001b]52;c;ZXZpbA==\u0007b', 'ab'],
    ['the title', 'a\u001b]0;title\u001b\\b\u001b]2;title\u009cc', 'abc'],
    ['a link', '\u001b]8;;https://evil.example\u0007text\u001b]8;;\u0007', 'text'],
    ['requests for an answer', 'a\u001b[6n\u001b[c\u001b[>c\u001b[0x\u001b[21tb', 'ab'],
    ['key bindings (DCS)', 'a\u001bP$q"p\u001b\\b', 'ab'],
    ['other strings', 'a\u001bXsos\u001b\\b\u001b^pm\u001b\\c\u001b_apc\u001b\\d', 'abcd'],
    ['private modes', 'a\u001b[?1049h\u001b[?1000h\u001b[?25l\u001b[=1hb', 'ab'],
    ['a reset and other escapes', 'a\u001bcb\u001b(0c\u001b#8d\u001b7', 'abcd'],
    ['8-bit controls', 'a\u009b6nb\u009d52;c;eA==\u009cc\u0085d\u0090q\u009ce', 'abcde'],
    ['8-bit colors', '\u009b31mred', '\u001b[31mred'],
    ['bell, NUL and shifts', 'a\u0007\u0000\u000e\u000f\u0005\u007fb', 'ab'],
    ['an unfinished string', 'a\u001b]52;c;never ends', 'a'],
    ['an escape in a sequence', 'a\u001b[31\u001b[6n\u001b[32mb', 'a\u001b[32mb'],
    ['a sequence without end', `a\u001b[${'1;'.repeat(500)}mb`, 'ab'],
  ])('%s', (_name, input, expected) => {
    expect(createTerminalFilter()(input)).toBe(expected ?? input);
    const filter = createTerminalFilter();
    expect(Array.from(input, filter).join('')).toBe(expected ?? input);
  });
});

describe('logs', () => {
  let fixture: CliFixture;
  beforeAll(async () => {
    fixture = await startCliFixture(['a1']);
  });
  afterAll(() => fixture.stop());

  test('removes such sequences if its stdout is a terminal, unless --raw is set', async () => {
    const hostile = String.raw`\033[31mred\033[0m\033]52;c;ZXZpbA==\007 end\n`;
    const body = JSON.stringify({ agentId: 'a1', command: `!printf '${hostile}'` });
    const { commandId } = await fixture.api<{ commandId: string }>('/commands', {
      method: 'POST',
      body,
    });
    await fixture.waitForStatus(commandId, 'completed');
    async function runInTerminal(flags: string) {
      const command = `${buildBinary()} logs ${flags} --hub ${fixture.hub.url} ${commandId}`;
      const file = join(fixture.folder, 'typescript');
      const child = Bun.spawn(['script', '-qec', command, file], {
        stdin: 'ignore',
        stdout: 'ignore',
        env: { ...process.env, ...fixture.cli.env },
      });
      expect(await child.exited).toBe(0);
      return Bun.file(file).text();
    }
    const raw = '\u001b[31mred\u001b[0m\u001b]52;c;ZXZpbA==\u0007 end';
    expect(await runInTerminal('')).toContain('\u001b[31mred\u001b[0m end\r\n');
    expect(await runInTerminal('--raw')).toContain(raw);
    expect((await fixture.cli.run('logs', commandId)).stdout).toBe(`${raw}\n`);
  });
});
