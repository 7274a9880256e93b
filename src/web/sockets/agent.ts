// `/ws/agent`: connects sockets to the hub's agents.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { sendToAgent } from '../../hub/link.ts';
import { type AgentToHub, agentToHub } from '../../protocol/agent-to-hub.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import { createDecoder } from '../../protocol/codec.ts';
import { readBearerToken } from '../request-token.ts';
import { createSocketHandler, DECODER_OPTIONS, type SocketOptions } from './socket.ts';

export function createAgentSocket({ agents, registry }: Hub, options: SocketOptions) {
  const handler = createSocketHandler<AgentToHub>(
    {
      decode: createDecoder(agentToHub, DECODER_OPTIONS),
      isKnown(request) {
        const token = readBearerToken(request);
        return token !== undefined && registry.findTokenId(token) !== undefined;
      },
      connectType: 'agent:connect',
      async handleConnect(link, message) {
        if (message.type !== 'agent:connect') return;
        // A known token is handled at once, before the next message.
        const tokenId =
          registry.findTokenId(message.token) ?? (await registry.lookUpTokenId(message.token));
        const isAllowed = tokenId === null || options.connects.takeAgent(tokenId);
        if (!isAllowed) return link.close(CloseCode.tryAgainLater, 'limit');
        agents.connect(link, message);
      },
      handleMessage: agents.receive,
      handleInvalidFrame(link, { code, reason }) {
        sendToAgent(link, { type: 'error', code, message: reason });
      },
      handleActivity: agents.handleActivity,
      handlePong: agents.handlePong,
      handleDrain() {},
      handleClose: agents.handleClose,
    },
    options,
  );
  return new Elysia({ name: 'socket/agent' }).get('/ws/agent', handler);
}
