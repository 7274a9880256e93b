// The statements of the journal, prepared once. Each is called inside a transaction.
import type { Database } from 'bun:sqlite';
import type { OutboxChange, OutputPosition } from '../outbox.ts';
import type { ProcessIdentity } from '../process/table.ts';
import type { CommandResult } from '../result.ts';

/** A change of one command's outbox. */
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
  const process = database.query(
    'UPDATE commands SET pid = ?, process_start = ? WHERE command_id = ?',
  );
  const finish = database.query(
    `UPDATE commands SET state = 'finished', result = ? WHERE command_id = ?`,
  );
  const forget = database.query(`UPDATE commands SET state = 'forgotten' WHERE command_id = ?`);
  const forgetOutput = database.query('DELETE FROM output WHERE command_id = ?');
  const prune = database.query(
    `DELETE FROM commands WHERE rowid IN (SELECT rowid FROM commands WHERE state = 'forgotten'
     ORDER BY rowid DESC LIMIT -1 OFFSET ?)`,
  );
  const append = database.query(
    'INSERT INTO output (command_id, sequence, offset, stream, data) VALUES (?, ?, ?, ?, ?)',
  );
  const blank = database.query(
    'UPDATE output SET data = NULL WHERE command_id = ? AND sequence = ?',
  );
  const remove = database.query('DELETE FROM output WHERE command_id = ? AND sequence = ?');
  const removeBefore = database.query('DELETE FROM output WHERE command_id = ? AND sequence < ?');
  const moveNext = database.query(
    'UPDATE commands SET next_sequence = ?, next_offset = ? WHERE command_id = ?',
  );
  const moveAcked = database.query(
    'UPDATE commands SET acked_sequence = ?, acked_offset = ? WHERE command_id = ?',
  );

  /** What a batch leaves of one command's places; written once at its end. */
  interface Ends {
    acked: OutputPosition | null;
    next: OutputPosition | null;
  }

  function endsOf(changes: readonly JournaledChange[]): Map<string, Ends> {
    const ends = new Map<string, Ends>();
    for (const { commandId, change } of changes) {
      const end = ends.get(commandId) ?? { acked: null, next: null };
      ends.set(commandId, end);
      if (change.kind !== 'drop') end.next = change.next;
      if (change.kind === 'ack') end.acked = change.acked;
    }
    return ends;
  }

  function write(commandId: string, change: OutboxChange, acked: OutputPosition | null): void {
    switch (change.kind) {
      case 'append': {
        // Already committed by the hub: it need not touch the disk here.
        if (acked && change.message.sequence < acked.sequence) return;
        const { sequence, offset, stream, data } = change.message;
        append.run(commandId, sequence, offset, stream, data);
        return;
      }
      case 'drop':
        (change.keep ? blank : remove).run(commandId, change.sequence);
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
    process: (commandId: string, identity: ProcessIdentity) =>
      void process.run(identity.pid, identity.start, commandId),
    finish: (commandId: string, result: CommandResult) =>
      void finish.run(JSON.stringify(result), commandId),

    /** Keeps the attempt's number, and of all forgotten ones only the newest `most`. */
    forget(commandId: string, most: number): void {
      forget.run(commandId);
      forgetOutput.run(commandId);
      prune.run(most);
    },

    /** Writes changes of output, in order. */
    apply(changes: readonly JournaledChange[]): void {
      const ends = endsOf(changes);
      for (const { commandId, change } of changes) {
        write(commandId, change, ends.get(commandId)?.acked ?? null);
      }
      for (const [commandId, { acked, next }] of ends) {
        if (next) moveNext.run(next.sequence, next.offset, commandId);
        if (!acked) continue;
        removeBefore.run(commandId, acked.sequence);
        moveAcked.run(acked.sequence, acked.offset, commandId);
      }
    },
  };
}
