// The journal's prepared statements. The caller runs them inside a transaction.
import type { Database } from 'bun:sqlite';
import type { FileChanges } from '../../protocol/changes.ts';
import type { OutboxChange, OutputPosition } from '../outbox/outbox.ts';
import type { ProcessIdentity } from '../process/table.ts';
import type { CommandResult } from '../result.ts';

/** A change to one command's outbox. */
export interface JournaledChange {
  commandId: string;
  change: OutboxChange;
}

export function createJournalWriter(database: Database) {
  const lastAttempt = database.query<{ attempt: number }, [string]>(
    'SELECT attempt FROM commands WHERE command_id = ?',
  );
  const begin = database.query(
    `INSERT INTO commands (command_id, attempt, state) VALUES (?, ?, 'started')
     ON CONFLICT (command_id) DO UPDATE SET attempt = excluded.attempt, state = 'started',
       pid = NULL, process_start = NULL, result = NULL,
       acked_sequence = 0, acked_offset = 0, next_sequence = 0, next_offset = 0`,
  );
  const setProcess = database.query(
    'UPDATE commands SET pid = ?, process_start = ? WHERE command_id = ?',
  );
  const finish = database.query(
    `UPDATE commands SET state = 'finished', result = ? WHERE command_id = ?`,
  );
  const forget = database.query(`UPDATE commands SET state = 'forgotten' WHERE command_id = ?`);
  const deleteOutput = database.query('DELETE FROM output WHERE command_id = ?');
  const prune = database.query(
    `DELETE FROM commands WHERE rowid IN (SELECT rowid FROM commands WHERE state = 'forgotten'
     ORDER BY rowid DESC LIMIT -1 OFFSET ?)`,
  );
  const insertChanges = database.query('INSERT OR REPLACE INTO changes VALUES (?, ?)');
  const deleteChanges = database.query('DELETE FROM changes WHERE command_id = ?');
  const insertMessage = database.query(
    'INSERT INTO output (command_id, sequence, offset, stream, data) VALUES (?, ?, ?, ?, ?)',
  );
  const clearData = database.query(
    'UPDATE output SET data = NULL WHERE command_id = ? AND sequence = ?',
  );
  const deleteMessage = database.query('DELETE FROM output WHERE command_id = ? AND sequence = ?');
  const deleteBefore = database.query('DELETE FROM output WHERE command_id = ? AND sequence < ?');
  const setNext = database.query(
    'UPDATE commands SET next_sequence = ?, next_offset = ? WHERE command_id = ?',
  );
  const setAcked = database.query(
    'UPDATE commands SET acked_sequence = ?, acked_offset = ? WHERE command_id = ?',
  );

  function write(commandId: string, change: OutboxChange, acked: OutputPosition | null): void {
    switch (change.kind) {
      case 'append': {
        // Skip output that the hub has committed within the same batch.
        if (acked && change.message.sequence < acked.sequence) return;
        const { sequence, offset, stream, data } = change.message;
        insertMessage.run(commandId, sequence, offset, stream, data);
        return;
      }
      case 'drop':
        (change.keepPosition ? clearData : deleteMessage).run(commandId, change.sequence);
        return;
      case 'ack':
        return;
      default:
        change satisfies never;
    }
  }

  return {
    lastAttempt: (commandId: string): number => lastAttempt.get(commandId)?.attempt ?? 0,
    begin: (commandId: string, attempt: number) => void begin.run(commandId, attempt),
    recordProcess: (commandId: string, identity: ProcessIdentity) =>
      void setProcess.run(identity.pid, identity.start, commandId),
    finish(commandId: string, result: CommandResult, changes: FileChanges | null): void {
      finish.run(JSON.stringify(result), commandId);
      if (changes) insertChanges.run(commandId, JSON.stringify(changes));
    },

    /** Keeps the attempt number, but only for the `max` most recently forgotten commands. */
    forget(commandId: string, max: number): void {
      forget.run(commandId);
      deleteOutput.run(commandId);
      deleteChanges.run(commandId);
      prune.run(max);
    },

    /** Writes output changes in order. */
    apply(changes: readonly JournaledChange[]): void {
      const positions = finalPositions(changes);
      for (const { commandId, change } of changes) {
        write(commandId, change, positions.get(commandId)?.acked ?? null);
      }
      for (const [commandId, { acked, next }] of positions) {
        if (next) setNext.run(next.sequence, next.offset, commandId);
        if (!acked) continue;
        deleteBefore.run(commandId, acked.sequence);
        setAcked.run(acked.sequence, acked.offset, commandId);
      }
    },
  };
}

/** The positions of each command after a batch of changes. They are written once per batch. */
function finalPositions(changes: readonly JournaledChange[]) {
  const byCommand = new Map<
    string,
    { acked: OutputPosition | null; next: OutputPosition | null }
  >();
  for (const { commandId, change } of changes) {
    const positions = byCommand.get(commandId) ?? { acked: null, next: null };
    byCommand.set(commandId, positions);
    if (change.kind !== 'drop') positions.next = change.next;
    if (change.kind === 'ack') positions.acked = change.acked;
  }
  return byCommand;
}
