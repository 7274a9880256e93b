// Streams the output of one command until the command finishes, across reconnects. Used by `run` and `logs -f`.
import { hasEnded } from '../protocol/command-status.ts';
import type { CommandRequest } from '../protocol/dashboard-to-hub.ts';
import { CommandExecution } from '../protocol/entities.ts';
import type { CommandStatusUpdate, HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { BUFFER_BYTES } from '../protocol/limits.ts';
import { type Unversioned, VERSION } from '../protocol/message.ts';
import { byteLength, splitAtBytes } from '../protocol/text.ts';
import type { ApiClient } from './api-client.ts';
import { CliError, HubRejection } from './cli-error.ts';
import { openDashboardSocket } from './dashboard-socket.ts';
import { pendingOutput, whenWritten, writeError } from './output.ts';
import type { OutputWriter } from './output-writer.ts';

/**
 * When this much output is pending, the command is detached until the reader has caught up. Larger than the hub's buffer
 * for a command, so that a replay alone does not detach it.
 */
const PAUSE_LENGTH = 4 * BUFFER_BYTES;
const RESUME_LENGTH = BUFFER_BYTES;
/** Limits how often a command is attached again, because the hub limits the rate of messages. */
const MIN_PAUSE_MS = 250;

export interface FollowOptions {
  client: ApiClient;
  /** The ID of a command, or the request that creates one. A reconnect repeats the request, so it needs a `requestId`. */
  command: string | Unversioned<CommandRequest>;
  write: OutputWriter;
}

export interface FollowedCommand {
  /** Resolves with the final status after all output was written. Rejects with a CliError. */
  finished: Promise<CommandStatusUpdate>;
  interrupt(): void;
}

export function followCommand({ client, command, write }: FollowOptions): FollowedCommand {
  const { promise: finished, resolve, reject } = Promise.withResolvers<CommandStatusUpdate>();
  let commandId = typeof command === 'string' ? command : null;
  let nextSequence = 0;
  /** The bytes that the program had written when it wrote what was received last. */
  let receivedBytes = 0;
  /** The bytes before the next chunk. Less than `receivedBytes` while a hub repeats output. */
  let offset = 0;
  let hubEpoch: string | null = null;
  /** The output epoch of what was received; null if the hub has named none. */
  let outputEpoch: number | null = null;
  let isOutputComplete = false;
  let isInterrupted = false;
  let isPaused = false;
  let status: CommandStatusUpdate | null = null;

  function attach() {
    if (commandId !== null) {
      if (!isPaused) {
        socket.send({
          type: 'terminal:attach',
          commandId,
          afterSequence: nextSequence - 1,
          ...(outputEpoch !== null && { epoch: outputEpoch }),
          ...(nextSequence === 0 && receivedBytes > 0 && { afterBytes: receivedBytes }),
        });
      }
      if (isInterrupted) socket.send({ type: 'command:interrupt', commandId });
    } else if (typeof command !== 'string') {
      socket.send(command);
    }
  }

  /** Keeps the memory bounded if output arrives faster than it is read. */
  function pauseIfBehind(id: string) {
    if (isPaused || pendingOutput() < PAUSE_LENGTH) return;
    isPaused = true;
    socket.send({ type: 'terminal:detach', commandId: id });
    void Promise.all([whenWritten(RESUME_LENGTH), Bun.sleep(MIN_PAUSE_MS)]).then(() => {
      isPaused = false;
      if (!isOutputComplete) attach();
    });
  }

  /** Begins again: what is received then, up to what was received before, is ignored. */
  function repeat() {
    nextSequence = 0;
    offset = 0;
    outputEpoch = null;
  }

  function handleMessage(message: HubToDashboard) {
    if (message.type === 'command:accepted') {
      commandId = message.commandId;
      write(message);
      return attach();
    }
    if (message.type === 'error') {
      const isOurs = message.commandId === undefined || message.commandId === commandId;
      // An interrupt that arrives after the end of the command is not an error.
      if (!isOurs || message.code === 'command_not_active') return;
      return fail(new HubRejection(message));
    }
    if (!('commandId' in message) || message.commandId !== commandId) return;
    if (message.type === 'terminal:reset') return repeat();
    if (message.type === 'terminal:epoch') {
      outputEpoch = message.epoch;
      return;
    }
    if (message.type === 'terminal:output') {
      if (message.sequence < nextSequence) return;
      nextSequence = message.sequence + 1;
      const repeated = receivedBytes - offset;
      offset += byteLength(message.data);
      if (offset <= receivedBytes) return;
      receivedBytes = offset;
      if (repeated > 0) message.data = splitAtBytes(message.data, repeated)[1];
    }
    if (message.type === 'terminal:gap') {
      if (message.toSequence <= nextSequence) return;
      nextSequence = message.toSequence;
      const isRepeated = offset < receivedBytes;
      offset += message.bytes;
      if (message.reason === 'skipped' || (isRepeated && offset <= receivedBytes)) return;
      receivedBytes = Math.max(receivedBytes, offset);
    }
    if (message.type === 'command:status') status = message;
    if (message.type === 'terminal:complete') isOutputComplete = true;
    write(message);
    if (!isOutputComplete) return pauseIfBehind(message.commandId);
    if (status && hasEnded(status.status)) finish(status);
    else if (message.type === 'terminal:complete') fetchFinalStatus(message.commandId);
  }

  /** The hub does not send the status of a command that had finished before we connected. */
  function fetchFinalStatus(id: string) {
    client
      .get(`/commands/${id}`, CommandExecution)
      .then(({ agentId, exitCode, error, status: last }) => {
        if (!hasEnded(last)) return;
        finish({
          type: 'command:status',
          version: VERSION,
          commandId: id,
          agentId,
          status: last,
          ...(exitCode !== null && { exitCode }),
          ...(error && { error }),
        });
      })
      .catch(fail);
  }

  function finish(last: CommandStatusUpdate) {
    socket.close();
    resolve(last);
  }

  function fail(error: unknown) {
    socket.close();
    reject(error instanceof Error ? error : new CliError(String(error)));
  }

  const socket = openDashboardSocket(client, {
    onWelcome(welcome) {
      // Other hubs that share the database check the output epoch. Otherwise, sequence numbers are valid only within one run
      // of the hub (docs/protocol.md, "Reconnect").
      const isOther = hubEpoch !== null && hubEpoch !== welcome.hubEpoch;
      const isKept = welcome.keepsTerminals && outputEpoch !== null;
      if (isOther && !isKept && nextSequence > 0) {
        writeError('[Hub restarted. Continuing after the output that was received.]\n');
        repeat();
      }
      ({ hubEpoch } = welcome);
      attach();
    },
    onMessage: handleMessage,
    onReject: fail,
  });

  return {
    finished,
    interrupt() {
      // `attach` repeats the interrupt, so that it is not lost while disconnected or before the command is accepted.
      isInterrupted = true;
      if (commandId !== null) socket.send({ type: 'command:interrupt', commandId });
    },
  };
}
