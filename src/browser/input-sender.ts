// Sends keystrokes to a command, in order and each once. The hub acknowledges them. What is not acknowledged when the
// connection is lost may or may not have arrived: it is reported, and never sent again.
import type { Clock } from '../protocol/clock.ts';
import type { DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../protocol/message.ts';
import { splitAtBytes } from '../protocol/text.ts';

/** The largest message with input. */
const PIECE_BYTES = 4_096;
/** Below the limit of the hub (docs/protocol.md, "Rates"). */
const BYTES_PER_SECOND = 40_960;
const BURST_BYTES = 32_768;
/** Input that was acknowledged within this time may be lost when the agent goes offline. */
const RECENT_MS = 5_000;
/** Longer pastes are refused. */
export const MAX_INPUT_BYTES = 1_048_576;

const encoder = new TextEncoder();
const byteLength = (text: string) => encoder.encode(text).length;

/** What happened to keystrokes that are not known to have arrived. */
export type InputProblem =
  | { kind: 'uncertain'; uncertain: string; unsent: string }
  | { kind: 'offline'; count: number }
  | { kind: 'agent-offline' }
  | { kind: 'rejected'; data: string; reason: string }
  | { kind: 'too-long' };

export interface InputSenderOptions {
  clock: Clock;
  send(message: Unversioned<DashboardToHub>): boolean;
  onProblem(problem: InputProblem): void;
  /** Called with the number of bytes that wait to be sent, 0 when there are none. */
  onBacklog(bytes: number): void;
}

export function createInputSender({ clock, send, onProblem, onBacklog }: InputSenderOptions) {
  let commandId: string | null = null;
  let isConnected = false;
  let nextId = 0;
  /** Sent and not acknowledged, oldest first. */
  let unacknowledged: { inputId: number; data: string }[] = [];
  /** Not sent yet. */
  let waiting = '';
  let allowance = BURST_BYTES;
  let refilledAt = clock.monotonic();
  let cancelTimer: (() => void) | null = null;
  /** Keystrokes that were ignored since the connection was lost. */
  let ignoredCount = 0;
  let sentAt = -Infinity;

  function clear(): void {
    unacknowledged = [];
    waiting = '';
    cancelTimer?.();
    cancelTimer = null;
    onBacklog(0);
  }

  function refill(): void {
    const now = clock.monotonic();
    const added = ((now - refilledAt) * BYTES_PER_SECOND) / 1000;
    allowance = Math.min(BURST_BYTES, allowance + added);
    refilledAt = now;
  }

  function pump(): void {
    cancelTimer = null;
    refill();
    if (commandId === null) return;
    while (waiting !== '') {
      const [data, rest] = splitAtBytes(waiting, PIECE_BYTES);
      const bytes = byteLength(data);
      if (bytes > allowance) {
        const ms = Math.ceil(((bytes - allowance) / BYTES_PER_SECOND) * 1000);
        cancelTimer = clock.after(ms, pump);
        break;
      }
      const inputId = nextId++;
      if (!send({ type: 'command:input', commandId, data, inputId })) break;
      allowance -= bytes;
      sentAt = clock.monotonic();
      waiting = rest;
      unacknowledged.push({ inputId, data });
    }
    onBacklog(byteLength(waiting));
  }

  /** Reports what is not known to have arrived, and forgets it. */
  function reportUncertain(): void {
    const uncertain = unacknowledged.map(({ data }) => data).join('');
    const unsent = waiting;
    clear();
    if (uncertain !== '' || unsent !== '') onProblem({ kind: 'uncertain', uncertain, unsent });
  }

  return {
    /** Chooses the command that receives the input. */
    setCommand(id: string | null): void {
      if (id === commandId) return;
      reportUncertain();
      commandId = id;
      ignoredCount = 0;
    },
    type(data: string): void {
      if (commandId === null || data === '') return;
      if (!isConnected) {
        ignoredCount += 1;
        return onProblem({ kind: 'offline', count: ignoredCount });
      }
      if (byteLength(waiting) + byteLength(data) > MAX_INPUT_BYTES) {
        return onProblem({ kind: 'too-long' });
      }
      waiting += data;
      if (!cancelTimer) pump();
    },
    handleMessage(message: HubToDashboard): void {
      if (!('commandId' in message) || message.commandId !== commandId) return;
      if (message.type === 'input:accepted') {
        unacknowledged = unacknowledged.filter(({ inputId }) => inputId > message.inputId);
      }
      if (message.type === 'error' && unacknowledged.length > 0) {
        const data = unacknowledged.map((input) => input.data).join('') + waiting;
        clear();
        onProblem({ kind: 'rejected', data, reason: message.message });
      }
    },
    /** The agent may not have received what the hub has passed on last. */
    handleAgentOffline(): void {
      if (clock.monotonic() - sentAt < RECENT_MS) onProblem({ kind: 'agent-offline' });
      sentAt = -Infinity;
    },
    handleConnect(): void {
      isConnected = true;
      ignoredCount = 0;
    },
    handleDisconnect(): void {
      if (!isConnected) return;
      isConnected = false;
      reportUncertain();
    },
  };
}
