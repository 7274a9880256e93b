// What a journal gives back to the next process of the same agent.
import type { Database } from 'bun:sqlite';
import { Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { OutputStream } from '../../protocol/entities.ts';
import type { OutboxMessage, OutboxState, OutputPosition } from '../outbox.ts';
import type { ProcessIdentity } from '../process/table.ts';
import { CommandResult } from '../result.ts';

/** A command that was begun. `result` is null where it had not ended, as far as the journal knows. */
export interface JournaledCommand {
  commandId: string;
  attempt: number;
  process: ProcessIdentity | null;
  result: CommandResult | null;
  output: OutboxState;
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
const isStream = TypeCompiler.Compile(OutputStream);

/** @throws where a row makes no sense */
export function readCommands(database: Database): JournaledCommand[] {
  const output = database.query<OutputRow, [string]>(
    'SELECT sequence, offset, stream, data FROM output WHERE command_id = ? ORDER BY sequence',
  );
  return database
    .query<CommandRow, []>(`SELECT * FROM commands WHERE state <> 'forgotten' ORDER BY rowid`)
    .all()
    .map((row) => {
      const result: unknown = row.result === null ? null : JSON.parse(row.result);
      if (!isResult.Check(result))
        throw new Error(`the result of ${row.command_id} makes no sense`);
      const process =
        row.pid === null || row.process_start === null
          ? null
          : { pid: row.pid, start: row.process_start };
      return {
        commandId: row.command_id,
        attempt: row.attempt,
        process,
        result,
        output: outputOf(row, output.all(row.command_id)),
      };
    });
}

function outputOf(row: CommandRow, rows: OutputRow[]): OutboxState {
  const dropped: OutputPosition[] = [];
  let held: OutboxMessage[] = [];
  for (const { sequence, offset, stream, data } of rows) {
    if (data === null) {
      dropped.push({ sequence, offset });
      continue;
    }
    if (!isStream.Check(stream)) throw new Error(`there is no stream "${stream}"`);
    // A full disk can leave a hole: what is before it counts as dropped.
    const last = held.at(-1);
    if (last && last.sequence + 1 !== sequence) {
      dropped.push(
        ...held.map((message) => ({ sequence: message.sequence, offset: message.offset })),
      );
      held = [];
    }
    held.push({ sequence, offset, stream, data });
  }
  return {
    acked: { sequence: row.acked_sequence, offset: row.acked_offset },
    next: { sequence: row.next_sequence, offset: row.next_offset },
    dropped,
    held,
  };
}
