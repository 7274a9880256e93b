// Reads the commands that an earlier agent process left in the journal.
import type { Database } from 'bun:sqlite';
import { Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { FileChanges } from '../../protocol/changes.ts';
import { OutputStream } from '../../protocol/entities.ts';
import type { OutboxMessage, OutboxState, OutputPosition } from '../outbox/outbox.ts';
import type { ProcessIdentity } from '../process/table.ts';
import { CommandResult } from '../result.ts';

/** A started command. `result` is null if the journal has none: the command was running. */
export interface JournaledCommand {
  commandId: string;
  attempt: number;
  process: ProcessIdentity | null;
  result: CommandResult | null;
  output: OutboxState;
  /** The files that it has changed; null if none are recorded. */
  changes: FileChanges | null;
}

interface CommandRow {
  command_id: string;
  attempt: number;
  pid: number | null;
  process_start: string | null;
  result: string | null;
  acked_sequence: number;
  acked_offset: number;
  next_sequence: number;
  next_offset: number;
}

interface OutputRow {
  sequence: number;
  offset: number;
  stream: string;
  data: string | null;
}

const isResult = TypeCompiler.Compile(Type.Union([CommandResult, Type.Null()]));
const isChanges = TypeCompiler.Compile(FileChanges);
const isStream = TypeCompiler.Compile(OutputStream);

/** @throws if a row is invalid */
export function readCommands(database: Database): JournaledCommand[] {
  const output = database.query<OutputRow, [string]>(
    'SELECT sequence, offset, stream, data FROM output WHERE command_id = ? ORDER BY sequence',
  );
  const changes = database.query<{ data: string }, [string]>(
    'SELECT data FROM changes WHERE command_id = ?',
  );
  return database
    .query<CommandRow, []>(`SELECT * FROM commands WHERE state <> 'forgotten' ORDER BY rowid`)
    .all()
    .map((row) => ({
      commandId: row.command_id,
      attempt: row.attempt,
      process: processOf(row),
      result: resultOf(row),
      output: outputOf(row, output.all(row.command_id)),
      changes: changesOf(changes.get(row.command_id)?.data),
    }));
}

function processOf({ pid, process_start: start }: CommandRow): ProcessIdentity | null {
  return pid === null || start === null ? null : { pid, start };
}

function resultOf(row: CommandRow): CommandResult | null {
  const result: unknown = row.result === null ? null : JSON.parse(row.result);
  if (!isResult.Check(result)) throw new Error(`invalid result of command ${row.command_id}`);
  return result;
}

function changesOf(data: string | undefined): FileChanges | null {
  const changes: unknown = data === undefined ? null : JSON.parse(data);
  if (changes !== null && !isChanges.Check(changes)) throw new Error('invalid changes');
  return changes;
}

function outputOf(row: CommandRow, rows: OutputRow[]): OutboxState {
  const dropped: OutputPosition[] = [];
  let messages: OutboxMessage[] = [];
  for (const { sequence, offset, stream, data } of rows) {
    if (data === null) {
      dropped.push({ sequence, offset });
      continue;
    }
    if (!isStream.Check(stream)) throw new Error(`invalid stream "${stream}"`);
    // A full disk can leave a gap. The output before it counts as dropped.
    const last = messages.at(-1);
    if (last && last.sequence + 1 !== sequence) {
      dropped.push(
        ...messages.map((message) => ({ sequence: message.sequence, offset: message.offset })),
      );
      messages = [];
    }
    messages.push({ sequence, offset, stream, data });
  }
  return {
    acked: { sequence: row.acked_sequence, offset: row.acked_offset },
    next: { sequence: row.next_sequence, offset: row.next_offset },
    dropped,
    messages,
  };
}
