// The texts around a terminal.
import { expect, test } from 'bun:test';
import { countPastedLines } from '../../src/browser/terminal-confirm.ts';
import { formatNewLines } from '../../src/browser/new-lines.ts';
import { readPreferences, writePreferences } from '../../src/browser/terminal-preferences.ts';
import { formatPosition } from '../../src/browser/terminal-search.ts';
import {
  describeProblem,
  describeTyping,
  type TypingState,
} from '../../src/browser/terminal-status.ts';

const size = {
  type: 'terminal:size',
  version: '1.0.0',
  commandId: 'c1',
  cols: 120,
  rows: 40,
  owner: 'anna',
  isOwner: false,
  nextSequence: 0,
} as const;
const state: TypingState = {
  size: { ...size, isOwner: true },
  isTyping: false,
  escapes: 2,
  backlogBytes: 0,
  userId: 'ben',
};

test('the line above a terminal says how to leave it, and whose window the size follows', () => {
  expect(describeTyping({ ...state, size: null })).toBe('');
  expect(describeTyping(state)).toBe('');
  expect(describeTyping({ ...state, isTyping: true })).toBe('Typing. Esc twice to leave');
  expect(describeTyping({ ...state, isTyping: true, escapes: 3 })).toBe(
    'Typing. Esc three times to leave',
  );
  expect(describeTyping({ ...state, size })).toBe('Sized for anna’s window, 120 × 40');
  expect(describeTyping({ ...state, size, userId: 'anna' })).toBe(
    'Sized for another window of yours, 120 × 40',
  );
  expect(describeTyping({ ...state, size: { ...size, owner: null } })).toBe('');
  expect(describeTyping({ ...state, backlogBytes: 20_480 })).toBe('Sending 20 KB…');
});

test('keystrokes that may not have arrived are named', () => {
  expect(describeProblem({ kind: 'uncertain', uncertain: 'ls\r', unsent: '' })).toBe(
    'The connection was lost. These keys may not have arrived: ls Enter. They are not sent again.',
  );
  expect(describeProblem({ kind: 'uncertain', uncertain: 'a', unsent: 'b' })).toBe(
    'The connection was lost. These keys may not have arrived: a. These were not sent: b. They are not sent again.',
  );
  expect(describeProblem({ kind: 'offline', count: 1 })).toBe('Not connected. A key was not sent.');
  expect(describeProblem({ kind: 'offline', count: 3 })).toBe(
    'Not connected. 3 keys were not sent.',
  );
  expect(
    describeProblem({ kind: 'rejected', data: 'y', reason: 'The command is not running.' }),
  ).toBe('These keys did not arrive: y. The command is not running.');
  expect(describeProblem({ kind: 'agent-offline' })).toContain('may not have arrived');
  expect(describeProblem({ kind: 'too-long' })).toContain('longer than 1.0 MB');
});

test('the ways back to the end and among the matches are counted', () => {
  expect([0, 1, 37, 1200].map(formatNewLines)).toEqual([
    'Back to the end',
    '1 new line',
    '37 new lines',
    '1,200 new lines',
  ]);
  expect([formatPosition(-1, 0), formatPosition(2, 1200)]).toEqual(['No matches', '3 of 1,200']);
});

test('only a paste of several lines without brackets needs a confirmation', () => {
  expect(countPastedLines('one', false)).toBe(0);
  expect(countPastedLines('one\n', false)).toBe(0);
  expect(countPastedLines('one\ntwo\n', false)).toBe(2);
  expect(countPastedLines('one\r\ntwo', false)).toBe(2);
  expect(countPastedLines('one\ntwo', true)).toBe(0);
});

test('preferences are kept in the browser; invalid ones are ignored', () => {
  const stored = new Map<string, string>();
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  };
  const defaults = { fontSize: null, wrap: true, times: false, screenReader: false };
  expect(readPreferences(storage)).toEqual(defaults);
  writePreferences(storage, { ...defaults, fontSize: 16, wrap: false });
  expect(readPreferences(storage)).toEqual({ ...defaults, fontSize: 16, wrap: false });
  for (const invalid of ['{"fontSize":99}', '{', 'null', '[]']) {
    stored.set('signalbox-terminal', invalid);
    expect(readPreferences(storage)).toEqual(defaults);
  }
  const full = {
    getItem: () => {
      throw new Error('denied');
    },
    setItem: () => {
      throw new Error('denied');
    },
  };
  expect(() => writePreferences(full, defaults)).not.toThrow();
  expect(readPreferences(full)).toEqual(defaults);
});
