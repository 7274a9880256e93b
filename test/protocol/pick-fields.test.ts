import { expect, test } from 'bun:test';
import { pickFields } from '../../src/protocol/pick-fields.ts';
import { CommandReport } from '../../src/protocol/report.ts';

test('keeps the fields of the schema and drops all others', () => {
  const changes = { files: 1, added: 2, removed: 3 };
  const value = { commandId: 'c', conversationId: 'talk', changes };
  expect(pickFields(CommandReport, value)).toEqual({ conversationId: 'talk', changes });
});

test('does not add optional fields that are missing', () => {
  expect(Object.keys(pickFields(CommandReport, {}))).toEqual([]);
});
