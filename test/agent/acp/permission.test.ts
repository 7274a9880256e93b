import { expect, test } from 'bun:test';
import { toApprovalRequest } from '../../../src/agent/acp/permission.ts';
import { createToolCall, updateToolCall } from '../../../src/agent/acp/text/tool-call.ts';

type Update = Parameters<typeof updateToolCall>[1];

function requestFor(fields: Partial<Update>) {
  const tool = createToolCall(0);
  updateToolCall(tool, { toolCallId: '1', ...fields }, '/work');
  return toApprovalRequest(tool, [
    { optionId: 'yes', name: 'Allow\nalways \u001b[2J', kind: 'allow_always' },
  ]);
}

test('the options keep their ID and kind; the name is one line without control characters', () => {
  expect(requestFor({}).options).toEqual([
    { optionId: 'yes', name: 'Allow …', kind: 'allow_always' },
  ]);
});

test('the title is the title of the tool call, or its kind', () => {
  expect(requestFor({ title: 'Write a.txt', kind: 'edit' }).title).toBe('Write a.txt');
  expect(requestFor({ kind: 'edit' }).title).toBe('edit');
});

test.each<[string, Partial<Update>, string | undefined]>([
  [
    'the diff of a new file',
    { content: [{ type: 'diff', path: '/a', newText: 'one\ntwo\n' }] },
    '/a (new)\n@@ -0,0 +1,2 @@\n+one\n+two',
  ],
  [
    'the diff of a deleted file',
    { content: [{ type: 'diff', path: '/a', oldText: 'one\n', newText: '' }] },
    '/a\n@@ -1,1 +0,0 @@\n-one',
  ],
  ['the command', { rawInput: { command: 'rm -rf x' } }, 'rm -rf x'],
  ['the arguments', { rawInput: { command: ['rm', '-rf', 'x'] } }, 'rm -rf x'],
  ['the paths', { locations: [{ path: '/a' }, { path: '/b' }] }, '/a\n\n/b'],
  ['nothing', {}, undefined],
])('the detail is %s', (_name, fields, detail) => {
  expect(requestFor(fields).detail).toBe(detail);
});
