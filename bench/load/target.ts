// The server under load as the load generator sees it: many readers, and sources whose output all readers receive.
import { encode } from '../../src/protocol/codec.ts';
import type { HubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';
import type { Connection, OnText } from './connection.ts';

export type TargetOptions = { url: string; readers: number; serverPid: number } & (
  | {
      protocol: 'signalbox';
      /** The session token of an admin. */
      token: string;
      /** The session tokens of the users that the readers belong to in turn. */
      readerTokens: readonly string[];
      /** The hubs that the readers connect to in turn, if not to `url`. */
      readerUrls?: readonly string[];
      /** The agents that are the sources. */
      agents: readonly { agentId: string; token: string }[];
    }
  | { protocol: 'publish' | 'socket-io'; sources: number }
);

export interface Reader {
  connection: Connection;
  /** Receives all frames that contain output, and frames about output. */
  onText: OnText;
}

/** Sends the output of one command after the other. */
export interface Source {
  /** Starts a command. Resolves with how long the server took to accept it, in milliseconds; 0 for peers. */
  begin(): Promise<number>;
  /** Sends a chunk of output. Sequences start at 0. */
  send(sequence: number, data: string): void;
  /** Ends the command. Resolves when the server has stored everything. */
  end(lastSequence: number): Promise<void>;
}

export interface Target {
  /** The process of the server. */
  serverPid: number;
  readers: Reader[];
  sources: Source[];
  /** Opens a reader in place of another one. */
  openReader(): Promise<Reader>;
  /** Whether readers receive `terminal:complete` after the last output of a command. */
  reportsEnd: boolean;
}

/** The frame of a chunk for dashboards. Peers pass the same frame on. */
export function encodeChunk(commandId: string, sequence: number, data: string): string {
  return encode<HubToDashboard>({
    type: 'terminal:output',
    commandId,
    data,
    stream: 'stdout',
    sequence,
  });
}
