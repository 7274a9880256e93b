import { describe, expect, test } from 'bun:test';
import { requiredCapability, validateCommand } from '../../src/protocol/capabilities.ts';
import { COMMAND_BYTES } from '../../src/protocol/limits.ts';

test.each([
  ['!ls', 'shell'],
  ['! ls', 'shell'],
  ['!/review', 'shell'],
  ['/review', '/review'],
  ['/review the diff', '/review'],
  ['/mcp:list-all\nnow', '/mcp:list-all'],
  ['/etc/passwd is what?', 'prompt'],
  ['/', 'prompt'],
  ['//x', 'prompt'],
  [' /review', 'prompt'],
  [' !ls', 'prompt'],
  ['fix the tests', 'prompt'],
  ['1 + 1 != 3', 'prompt'],
])('%p needs %p', (command, needed) => {
  expect(requiredCapability(command)).toBe(needed);
});

describe('what an agent takes', () => {
  const all = ['prompt', 'shell', '/review'];

  test.each<[string, string[], RegExp | null]>([
    ['fix it', ['prompt'], null],
    ['!ls', ['shell'], null],
    ['/review', ['/review'], null],
    ['x'.repeat(COMMAND_BYTES), all, null],
    ['x'.repeat(COMMAND_BYTES + 1), all, /64 KiB/],
    [`!${'é'.repeat(COMMAND_BYTES / 2)}`, all, /64 KiB/],
    ['', all, /empty/],
    [' \n\t', all, /empty/],
    ['!', all, /empty/],
    ['! \n', all, /empty/],
    ['a\0b', all, /NUL/],
    ['!ls', ['prompt'], /no shell commands/],
    ['ls', ['shell'], /begin the command with "!"/],
    ['fix it', [], /takes no prompts\.$/],
    ['/review', ['prompt', 'shell'], /does not know \/review/],
    ['/review', ['/reviews'], /does not know \/review/],
  ])('case %#', (command, capabilities, why) => {
    const said = validateCommand(command, capabilities);
    if (why === null) expect(said).toBeNull();
    else expect(said).toMatch(why);
  });
});
