// `/ws/agent`: connects sockets to the hub's agents.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { type Link, sendToAgent } from '../../hub/link.ts';
import { type AgentConnect, type AgentToHub, agentToHub } from '../../protocol/agent-to-hub.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import { createDecoder } from '../../protocol/codec.ts';
import { readBearerToken } from '../request-token.ts';
import { createSocketHandler, DECODER_OPTIONS, type SocketOptions } from './socket.ts';

export function createAgentSocket({ agents, registry }: Hub, options: SocketOptions) {
  function connect(link: Link, message: AgentConnect): void {
    const tokenId = registry.findTokenId(message.token);
    const isAllowed = tokenId === undefined || options.connects.takeAgent(tokenId);
    if (!isAllowed) return link.close(CloseCode.tryAgainLater, 'limit');
    agents.connect(link, message);
  }

  const handler = createSocketHandler<AgentToHub>(
    {
      decode: createDecoder(agentToHub, DECODER_OPTIONS),
      isKnown(request) {
        const token = readBearerToken(request);
        return token !== undefined && registry.findTokenId(token) !== undefined;
      },
      connectType: 'agent:connect',
      handleConnect(link, message) {
        if (message.type !== 'agent:connect') return undefined;
        const known = registry.whenKnown(message.agentId, message.token);
        return known ? known.then(() => connect(link, message)) : connect(link, message);
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
