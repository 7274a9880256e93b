// Shows one command's output as it comes, each piece once, until the command is over. What `run` and `logs -f` share.
import type { CommandStatusUpdate, HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { hasEnded } from '../protocol/command-status.ts';
import { CommandExecution } from '../protocol/entities.ts';
import { VERSION } from '../protocol/message.ts';
import type { Client } from './client.ts';
import { type Follower, follow } from './follower.ts';
import { Failure } from './failure.ts';
import type { Show } from './output.ts';

export interface WatchOptions {
  client: Client;
  show: Show;
  /** Sends what names the command: a request, or nothing where the id is known. Again after a reconnect. */
  begin(follower: Follower): void;
  commandId?: string;
}

export interface Watching {
  /** The last status, once all output has come. */
  ended: Promise<CommandStatusUpdate>;
  /** Asks the hub to stop the command, now or as soon as it can be asked. */
  interrupt(): void;
}

/** Attaches to a command, now or once it has been accepted. */
export function watch({ client, show, begin, commandId: known }: WatchOptions): Watching {
  const { promise: ended, resolve, reject } = Promise.withResolvers<CommandStatusUpdate>();
  let commandId = known;
  let nextSequence = 0;
  let epoch = '';
  let isComplete = false;
  let isInterrupted = false;
  let status: CommandStatusUpdate | null = null;

  function attach(follower: Follower) {
    if (commandId === undefined) return begin(follower);
    follower.send({ type: 'terminal:attach', commandId, afterSequence: nextSequence - 1 });
    if (isInterrupted) follower.send({ type: 'command:interrupt', commandId });
  }

  function receive(message: HubToDashboard) {
    if (message.type === 'command:accepted') {
      commandId = message.commandId;
      return attach(follower);
    }
    if (message.type === 'error') {
      const about = message.commandId ?? commandId;
      if (about !== commandId || message.code === 'command_not_active') return;
      return fail(new Failure(message.message));
    }
    if (!('commandId' in message) || message.commandId !== commandId) return;
    if (message.type === 'terminal:output') {
      if (message.sequence < nextSequence) return;
      nextSequence = message.sequence + 1;
    }
    if (message.type === 'terminal:gap') nextSequence = message.toSequence;
    if (message.type === 'command:status') status = message;
    if (message.type === 'terminal:complete') isComplete = true;
    show(message);
    if (!isComplete) return;
    if (status && hasEnded(status.status)) finish(status);
    else if (message.type === 'terminal:complete') lookUp();
  }

  /** The end was told before we listened, or is still to come. */
  function lookUp() {
    if (commandId === undefined) return;
    client
      .get(`/commands/${commandId}`, CommandExecution)
      .then((command) => {
        if (!hasEnded(command.status)) return;
        finish({
          type: 'command:status',
          version: VERSION,
          commandId: command.id,
          agentId: command.agentId,
          status: command.status,
          ...(command.exitCode !== null && { exitCode: command.exitCode }),
          ...(command.error && { error: command.error }),
        });
      })
      .catch(fail);
  }

  function finish(last: CommandStatusUpdate) {
    follower.close();
    resolve(last);
  }

  function fail(reason: unknown) {
    follower.close();
    reject(reason instanceof Error ? reason : new Failure(String(reason)));
  }

  const follower = follow(client, {
    welcomed(current, hubEpoch) {
      if (epoch !== '' && epoch !== hubEpoch && nextSequence > 0) {
        process.stderr.write('[the hub was restarted: what it still holds follows]\n');
        nextSequence = 0;
      }
      epoch = hubEpoch;
      attach(current);
    },
    received: receive,
    failed: fail,
  });

  return {
    ended,
    interrupt() {
      // Said again with every connection, and once the command has a name.
      isInterrupted = true;
      if (commandId !== undefined) follower.send({ type: 'command:interrupt', commandId });
    },
  };
}
