// What the hub has sent to an agent about the end of commands and approvals, as it passed the agent's proxy.
import type { HubToAgent } from '../../../src/protocol/hub-to-agent.ts';
import { readFrameHeader } from '../../support/hub/frame-header.ts';
import type { Frame } from '../network/frame-splitter.ts';

const TYPES = ['agent:welcome', 'command:acknowledged', 'approval:resolved'] as const;

export type InboxMessage = Extract<HubToAgent, { type: (typeof TYPES)[number] }>;
export type Inbox = ReturnType<typeof createInbox>;

export function createInbox() {
  const messages: InboxMessage[] = [];
  let welcomed = Promise.withResolvers<void>();

  return {
    messages,
    /** Resolves with the next welcome. */
    waitForWelcome: () => welcomed.promise,
    add({ bytes }: Frame) {
      if (!TYPES.some((type) => bytes.includes(`"type":"${type}"`))) return;
      const text = bytes.toString('utf8', readFrameHeader(bytes, 0)?.headerBytes);
      const message = JSON.parse(text) as HubToAgent;
      if (!isOfInterest(message)) return;
      messages.push(message);
      if (message.type !== 'agent:welcome') return;
      welcomed.resolve();
      welcomed = Promise.withResolvers();
    },
  };
}

function isOfInterest(message: HubToAgent): message is InboxMessage {
  return TYPES.some((type) => type === message.type);
}
