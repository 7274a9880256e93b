// The connection of a dashboard of a round: it reconnects after every disconnect.
import { inflateRawSync } from 'node:zlib';
import { CloseCode } from '../../../src/protocol/close-codes.ts';
import { createDecoder, encode } from '../../../src/protocol/codec.ts';
import type { DashboardConnect, DashboardToHub } from '../../../src/protocol/dashboard-to-hub.ts';
import { type HubToDashboard, hubToDashboard } from '../../../src/protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../../../src/protocol/message.ts';
import { type ManualSocket, openManualSocket } from '../../support/hub/manual-socket.ts';
import type { Prng } from '../prng.ts';

export interface DashboardConnectionOptions {
  /** Returns the current address of the hub. */
  url(): string;
  prng: Prng;
  createConnectMessage(): Promise<Unversioned<DashboardConnect>>;
  onMessage(message: HubToDashboard): void;
  onDisconnect(): void;
  onViolation(text: string): void;
}

const decode = createDecoder(hubToDashboard, { inflate: (bytes) => inflateRawSync(bytes) });

export function createDashboardConnection(options: DashboardConnectionOptions) {
  const { prng, onViolation } = options;
  let socket: ManualSocket | null = null;
  let isWelcome = false;
  let number = 0;
  let reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;
  /** Resolves when the current socket is lost. */
  let lostSocket = Promise.withResolvers<void>();

  async function connect() {
    number += 1;
    const ownNumber = number;
    const isCurrent = () => ownNumber === number && !isClosed;
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => {});
    const handlers = {
      onFrame(frame: string | Uint8Array) {
        if (isCurrent()) onFrame(frame);
      },
      onClose(code: number, reason: string) {
        lost.reject(new Error(`The socket was closed with ${code} ${reason}.`));
        if (!isCurrent()) return;
        if (code === CloseCode.policyViolation && reason !== 'expired') {
          onViolation(`the hub rejected the connection: ${reason}`);
        }
        onDisconnect();
      },
    };
    try {
      const opened = await Promise.race([
        openManualSocket(`${options.url()}/ws/dashboard`, handlers),
        lost.promise,
      ]);
      opened.answerPings(true);
      const connectMessage = await options.createConnectMessage();
      if (!isCurrent()) return opened.terminate();
      socket = opened;
      opened.sendFrame(encode<DashboardToHub>(connectMessage));
    } catch {
      if (ownNumber === number) onDisconnect();
    }
  }

  function onDisconnect() {
    socket = null;
    lostSocket.resolve();
    lostSocket = Promise.withResolvers();
    isWelcome = false;
    if (isClosed) return;
    clearTimeout(reconnectTimer);
    reconnectTimer = setTimeout(() => void connect(), prng.between(10, 250));
    options.onDisconnect();
  }

  function onFrame(frame: string | Uint8Array): void {
    const decoded = decode(frame);
    if (!decoded.ok) return onViolation(`received an invalid message: ${decoded.reason}`);
    const { message } = decoded;
    if (message.type === 'dashboard:welcome') isWelcome = true;
    else if (!isWelcome && message.type !== 'error') {
      onViolation(`received ${message.type} before the welcome`);
    }
    options.onMessage(message);
  }

  void connect();

  return {
    /** Returns the number of the current connection, from 1. */
    number: () => number,
    isWelcome: () => isWelcome,
    /** Sends a message if it is connected. Returns whether it was sent. */
    send(message: Unversioned<DashboardToHub>): boolean {
      if (!isWelcome || !socket) return false;
      socket.sendFrame(encode<DashboardToHub>(message));
      return true;
    },
    /** Drops the connection without a close frame, and connects again. */
    reconnect() {
      const previous = socket;
      number += 1;
      previous?.terminate();
      onDisconnect();
    },
    pauseReading() {
      socket?.pause();
    },
    resumeReading() {
      socket?.resume();
    },
    /** Resolves once the hub has handled everything sent before. Returns false if the connection is lost before that. */
    async ping(): Promise<boolean> {
      const pinged = socket;
      if (!pinged) return false;
      return Promise.race([pinged.ping().then(() => true), lostSocket.promise.then(() => false)]);
    },
    close() {
      isClosed = true;
      clearTimeout(reconnectTimer);
      socket?.terminate();
    },
  };
}
