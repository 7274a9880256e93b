// docs/protocol.md describes every message, code and endpoint of the code, and no others.
import { describe, expect, test } from 'bun:test';
import type { TObject } from '@sinclair/typebox';
import { agentToHub } from '../../src/protocol/agent-to-hub.ts';
import { CloseCode, CloseReason } from '../../src/protocol/close-codes.ts';
import { createDecoder } from '../../src/protocol/codec.ts';
import { dashboardToHub } from '../../src/protocol/dashboard-to-hub.ts';
import { ErrorCode, FailureCode } from '../../src/protocol/errors.ts';
import { hubToAgent } from '../../src/protocol/hub-to-agent.ts';
import { hubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';
import { createApi } from '../../src/web/api/api.ts';
import { errorResponse } from '../../src/web/error-response.ts';
import { parseCodeBlocks, parseRows, parseSections, readText, type Section } from './markdown.ts';
import { listFields, listLiterals } from './schema.ts';

const page = readText('docs/protocol.md');
const sections = parseSections(page);

const directions: [string, readonly TObject[]][] = [
  ['Dashboard → hub', dashboardToHub],
  ['Hub → dashboard', hubToDashboard],
  ['Agent → hub', agentToHub],
  ['Hub → agent', hubToAgent],
];

const typeOf = (schema: TObject) => String(schema.properties['type']?.const);

function findSection(title: string, parent?: string): Section {
  const found = sections.find(
    (section) => section.title === title && (!parent || section.parents.includes(parent)),
  );
  if (!found) throw new Error(`docs/protocol.md has no section "${title}"`);
  return found;
}

/** The fields that a section's table lists, and whether they are required. */
function documentedFields(section: Section) {
  return parseRows(section, 'Required')
    .map((row) => `${row['Field']}: ${row['Required']}`)
    .toSorted();
}

function declaredFields(schema: TObject) {
  return listFields(schema)
    .filter(({ path }) => path !== 'type' && path !== 'version')
    .map(({ path, isRequired }) => `${path}: ${isRequired ? 'yes' : 'no'}`)
    .toSorted();
}

describe.each(directions)('messages %s', (direction, schemas) => {
  test('each have a section, and no other does', () => {
    const documented = sections
      .filter(({ level, parents }) => level === 3 && parents.includes(direction))
      .map(({ title }) => title);
    expect(documented.toSorted()).toEqual(schemas.map(typeOf).toSorted());
  });

  test.each(schemas.map((schema): [string, TObject] => [typeOf(schema), schema]))(
    '%s lists its fields, its values, and an example that decodes',
    (type, schema) => {
      const section = findSection(type, direction);
      expect(documentedFields(section)).toEqual(declaredFields(schema));
      const codes = new Set([...listLiterals(ErrorCode), ...listLiterals(FailureCode)]);
      const values = listFields(schema).flatMap((field) => listLiterals(field.schema));
      const missing = values.filter((value) => !codes.has(value) && value !== type);
      expect(missing.filter((value) => !section.text.includes(`\`${value}\``))).toEqual([]);
      for (const example of parseCodeBlocks(section, 'json')) {
        const decoded = createDecoder([schema])(example);
        expect([example, decoded.ok]).toEqual([example, true]);
      }
    },
  );
});

test('messages that no schema describes are not named', () => {
  const known = new Set(directions.flatMap(([, schemas]) => schemas.map(typeOf)));
  const nouns = new Set(
    [...known].flatMap((type) => (type.includes(':') ? type.split(':')[0] : [])),
  );
  const types = new RegExp(`\\b(?:${[...nouns].join('|')}):[a-z]+`, 'g');
  const named = new Set(
    [page, readText('docs/data-model.md')].flatMap((text) => text.match(types)),
  );
  expect([...named].filter((type) => !known.has(type ?? ''))).toEqual([]);
});

describe('the table of', () => {
  const column = (title: string, name: string) =>
    parseRows(findSection(title), name).map((row) => row[name] ?? '');

  test('error codes is complete, and has their HTTP statuses', () => {
    const documented = parseRows(findSection('Error codes'), 'Code').map(
      (row) => `${row['Code']}: ${row['HTTP status']}`,
    );
    const declared = ErrorCode.anyOf.map(
      ({ const: code }) => `${code}: ${errorResponse(code, '').status}`,
    );
    expect(documented.toSorted()).toEqual(declared.toSorted());
  });

  test('command errors is complete', () => {
    const documented = column('Command errors', 'Code');
    expect(documented.toSorted()).toEqual(listLiterals(FailureCode).toSorted());
  });

  test('close codes has every reason, and its section every code', () => {
    const reasons = new Set(column('Close codes', 'Reason').filter((reason) => reason !== ''));
    expect([...reasons].toSorted()).toEqual(listLiterals(CloseReason).toSorted());
    const { text } = findSection('Close codes');
    const codes = Object.values(CloseCode).map(String);
    expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(text))).toEqual([]);
  });
});

describe('the HTTP API', () => {
  // Handlers run later: to list the routes, nothing behind them is needed.
  const { routes } = createApi({} as Parameters<typeof createApi>[0]);
  const nameOf = ({ method, path }: { method: string; path: string }) =>
    `${method} ${path.replace(/\/$/, '')}`;

  test('has a section for every endpoint, and no other', () => {
    const documented = sections
      .filter(({ level, parents }) => level === 3 && parents.includes('HTTP API'))
      .map(({ title }) => title);
    const declared = [...routes.map(nameOf), 'GET /healthz', 'GET /readyz'];
    expect(documented.toSorted()).toEqual(declared.toSorted());
  });

  test.each(routes.map((route) => [nameOf(route), route] as const))(
    '%s lists the fields of its body and its query',
    (name, { hooks }) => {
      const section = findSection(name);
      const { body, query } = hooks as { body?: TObject; query?: TObject };
      expect(documentedFields(section)).toEqual(body ? declaredFields(body) : []);
      const parameters = parseRows(section, 'Parameter').map((row) => row['Parameter'] ?? '');
      expect(parameters.toSorted()).toEqual(Object.keys(query?.properties ?? {}).toSorted());
    },
  );
});
