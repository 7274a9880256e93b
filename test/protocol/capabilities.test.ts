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
])('%p requires %p', (command, capability) => {
  expect(requiredCapability(command)).toBe(capability);
});

describe('a command is validated', () => {
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
    ['!ls', ['prompt'], /does not run shell commands/],
    ['ls', ['shell'], /start it with "!"/],
    ['fix it', [], /does not accept prompts\.$/],
    ['/review', ['prompt', 'shell'], /does not support the command \/review/],
    ['/review', ['/reviews'], /does not support the command \/review/],
  ])('case %#', (command, capabilities, reason) => {
    const problem = validateCommand(command, capabilities);
    if (reason === null) expect(problem).toBeNull();
    else expect(problem).toMatch(reason);
  });
});
