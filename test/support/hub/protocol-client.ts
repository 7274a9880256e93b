// What a scripted agent and a scripted dashboard share: a socket that sends typed messages and records the replies, each
// of which must match its schema.
import { type Decoded, encode } from '../../../src/protocol/codec.ts';
import type { Unversioned } from '../../../src/protocol/message.ts';
import { createMessageRecorder } from '../message-recorder.ts';
import type { ClientSocket, SocketHandlers } from './client-socket.ts';

interface Message {
  type: string;
  version: string;
}

/**
 * Opens a socket with `open` and wraps it.
 * @param name the receiver, for error messages
 */
export async function openProtocolClient<
  In extends Message,
  Out extends Message,
  S extends ClientSocket,
>(
  name: string,
  decode: (frame: string | Uint8Array) => Decoded<In>,
  open: (handlers: SocketHandlers) => Promise<S>,
) {
  const recorder = createMessageRecorder<In>(name);
  let binaryFrames = 0;
  const socket = await open({
    onFrame(frame) {
      if (typeof frame !== 'string') binaryFrames += 1;
      const decoded = decode(frame);
      if (!decoded.ok) throw new Error(`The hub sent an invalid message: ${decoded.reason}`);
      recorder.record(decoded.message);
    },
    onClose: recorder.close,
  });

  return {
    ...socket,
    received: recorder.received,
    closed: recorder.closed,
    ofType: recorder.ofType,
    waitFor: recorder.waitFor,
    waitUntil: recorder.waitUntil,
    send: (message: Unversioned<Out>) => socket.sendFrame(encode<Out>(message)),
    /** Returns the number of binary frames received. */
    countBinaryFrames: () => binaryFrames,
  };
}
