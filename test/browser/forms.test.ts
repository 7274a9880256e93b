import { expect, test } from 'bun:test';
import { type EnterKey, isSubmitKey } from '../../src/browser/forms.ts';

const press = (fields: Partial<EnterKey> = {}): EnterKey => ({
  key: 'Enter',
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  isComposing: false,
  ...fields,
});

test.each([
  ['Enter', {}, true, false],
  ['Shift+Enter', { shiftKey: true }, false, false],
  ['Ctrl+Enter', { ctrlKey: true }, true, true],
  ['⌘+Enter', { metaKey: true }, true, true],
  ['Alt+Enter', { altKey: true }, false, false],
  ['Enter in an input method', { isComposing: true }, false, false],
  ['another key', { key: 'a', ctrlKey: true }, false, false],
])('%s', (_, fields, sendsWithSetting, sendsWithout) => {
  expect(isSubmitKey(press(fields), true)).toBe(sendsWithSetting);
  expect(isSubmitKey(press(fields), false)).toBe(sendsWithout);
});
