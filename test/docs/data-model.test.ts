// docs/data-model.md lists every field of the entities that the HTTP API returns.
import { expect, test } from 'bun:test';
import type { TObject } from '@sinclair/typebox';
import { Approval } from '../../src/protocol/approvals.ts';
import { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { parseRows, parseSections, readText } from './markdown.ts';

const sections = parseSections(readText('docs/data-model.md'));

test.each<[string, TObject, string[]]>([
  ['CommandExecution', CommandExecution, ['CommandExecution']],
  ['AgentSummary', AgentSummary, ['AgentConnection', 'AgentSummary']],
  ['Approval', Approval, ['Approval']],
])('the fields of %s', (_name, schema, titles) => {
  const rows = sections
    .filter(({ title }) => titles.includes(title))
    .flatMap((section) => parseRows(section, 'Field'));
  const documented = new Set(rows.map((row) => row['Field']));
  const declared = Object.keys(schema.properties);
  expect(declared.filter((field) => !documented.has(field))).toEqual([]);
});
