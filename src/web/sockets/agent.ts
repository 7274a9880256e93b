// `/ws/agent`: from frames to the hub's agents.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { sendToAgent } from '../../hub/link.ts';
import { type AgentToHub, agentToHub } from '../../protocol/agent-to-hub.ts';
import { createDecoder } from '../../protocol/codec.ts';
import { createDoor, type DoorOptions, inflate } from './socket.ts';

export function createAgentSocket({ agents }: Hub, options: DoorOptions) {
  const door = createDoor<AgentToHub>(
    {
      decode: createDecoder(agentToHub, inflate),
      firstType: 'agent:connect',
      first(link, message) {
        if (message.type === 'agent:connect') agents.connect(link, message);
      },
      receive: agents.receive,
      refuse(link, { code, reason }) {
        sendToAgent(link, { type: 'error', code, message: reason });
      },
      alive: agents.handleActivity,
      answered: agents.handlePong,
      drained() {},
      closed: agents.handleClose,
    },
    options,
  );
  return new Elysia({ name: 'socket/agent' }).get('/ws/agent', door);
}
