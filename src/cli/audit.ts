// `signalbox audit`: prints the audit log, newest first.
import { Command, InvalidArgumentError, Option } from 'commander';
import ms from 'ms';
import { AuditAction, type AuditEntry, AuditPage } from '../protocol/audit.ts';
import { createApiClient, type ApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { whenWritten, writeOut } from './output.ts';
import { cleanCell } from './table.ts';
import { escapeControls, toJson } from './json.ts';
import { createTerminalFilter } from './terminal-filter.ts';

/** How much output may wait for a slow reader before the next part is requested. */
const MAX_PENDING_CHARACTERS = 65_536;

interface AuditFlags extends ClientFlags {
  since?: number;
  until?: number;
  actor?: string;
  action?: AuditAction;
  target?: string;
  csv: boolean;
}

export function auditCommand(): Command {
  return withClientOptions(new Command('audit'))
    .description('Print the audit log, newest first')
    .addOption(new Option('--since <time>', 'Start: a time, or how long ago').argParser(parseTime))
    .addOption(new Option('--until <time>', 'End: a time, or how long ago').argParser(parseTime))
    .option('--actor <name>', 'Only actions of this user or agent')
    .addOption(
      new Option('--action <action>', 'Only this action').choices(
        AuditAction.anyOf.map((literal) => literal.const),
      ),
    )
    .option('--target <id>', 'Only actions on this agent, command or user')
    .addOption(new Option('--csv', 'Output CSV').default(false).conflicts('json'))
    .addHelpText(
      'after',
      `
Examples:
  signalbox audit --since 2d
  signalbox audit --action session.failed --since 2026-01-31T08:00Z
  signalbox audit --csv > audit.csv`,
    )
    .action(async ({ hub, json, csv, ...filters }: AuditFlags) => {
      const client = createApiClient(hub);
      const query = new URLSearchParams(
        Object.entries(filters).map(([name, value]) => [name, String(value)]),
      );
      if (json || csv) {
        const type = csv ? 'text/csv' : 'application/x-ndjson';
        const clean = json ? escapeControls : createCsvFilter();
        for await (const text of client.stream(`/audit?${query}`, type)) await print(clean(text));
        return;
      }
      await print(
        formatRow(['TIME', 'ACTION', 'ACTOR', 'ADDRESS', 'CREDENTIAL', 'TARGET', 'DETAIL']),
      );
      for await (const entry of listEntries(client, query)) await print(formatEntry(entry));
    });
}

/** Creates a filter of CSV, which has no escape sequences. A file receives it as it is. */
function createCsvFilter(): (text: string) => string {
  return process.stdout.isTTY ? createTerminalFilter() : (text) => text;
}

async function print(text: string) {
  writeOut(text);
  await whenWritten(MAX_PENDING_CHARACTERS);
}

async function* listEntries(client: ApiClient, query: URLSearchParams): AsyncGenerator<AuditEntry> {
  const parameters = new URLSearchParams([...query, ['limit', '200']]);
  for (;;) {
    const { items, nextCursor } = await client.get(`/audit?${parameters}`, AuditPage);
    yield* items;
    if (nextCursor === null) return;
    parameters.set('cursor', nextCursor);
  }
}

/** The widths of all columns but the last. They are fixed, because the log is printed while it is read. */
const WIDTHS = [20, 21, 16, 15, 36, 36];

function formatRow(cells: readonly string[]): string {
  return `${cells
    .map((cell, at) => cleanCell(cell).padEnd(WIDTHS[at] ?? 0))
    .join('  ')
    .trimEnd()}\n`;
}

function formatEntry({ time, action, actorKind, actor, target, detail, ...source }: AuditEntry) {
  const facts = Object.entries(detail).map(([name, value]) => `${name}=${toJson(value)}`);
  const name = actor ?? (actorKind === 'system' ? '(system)' : '(unknown)');
  const at = new Date(time).toISOString().replace(/\.\d+/, '');
  const { address, credentialId } = source;
  const cells = [name, address ?? '-', credentialId ?? '-', target ?? '-'];
  return formatRow([at, action, ...cells, facts.join(' ')]);
}

/** Parses `2d`, or a time such as `2026-01-31T08:00Z`, into Unix milliseconds. */
function parseTime(text: string): number {
  const isAge = /^\d+(\.\d+)?\s*[a-z]+$/i.test(text);
  const time = isAge ? Date.now() - ms(text as ms.StringValue) : Date.parse(text);
  if (time >= 0) return Math.round(time);
  throw new InvalidArgumentError(
    'Expected a time such as 2026-01-31T08:00Z, or an age such as 2d or 30m.',
  );
}
