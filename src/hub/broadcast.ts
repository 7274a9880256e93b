// Who owns an agent, and who is told of what. A second hub beside this one would matter here, and nowhere else:
// ownership would be a claim in the shared database, and what is told would reach the other hubs' dashboards too.
import { encode } from '../protocol/codec.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import type { Body } from '../protocol/message.ts';
import type { AgentConnection } from './state/agent.ts';
import type { createCompressor } from './compressor.ts';
import type { DashboardConnection } from './state/dashboard.ts';
import type { Link } from './link.ts';
import type { ServerState } from './state/server-state.ts';

/** Sends one frame to every socket that listens to a topic. */
export type Publish = (topic: string, frame: string | Uint8Array) => void;

/** What every dashboard hears: agents, commands, approvals, heartbeats. */
export const EVERYONE = 'everyone';

/** What the readers of one command's output hear. */
export function terminalTopic(commandId: string): string {
  return `terminal:${commandId}`;
}

/** The topic a dashboard listens to: its twin carries the same messages, compressed. */
export function topicFor({ accepts }: Pick<DashboardConnection, 'accepts'>, topic: string): string {
  return accepts === 'deflate-raw' ? `${topic}:deflate-raw` : topic;
}

export type Authority = ReturnType<typeof createAuthority>;

export function createAuthority(
  state: ServerState,
  publish: Publish,
  compress: ReturnType<typeof createCompressor>,
) {
  /** Publishes a frame, and its compressed twin where somebody accepts it. */
  function broadcast(topic: string, frame: string) {
    publish(topic, frame);
    const accepting = { accepts: 'deflate-raw' as const };
    const wanted = [...state.dashboards.values()].some(
      ({ accepts, state: connection }) => accepts !== null && connection === 'CONNECTED',
    );
    if (wanted) publish(topicFor(accepting, topic), compress(frame));
  }

  return {
    /** Makes `link` the one socket of an agent. */
    claim(agent: AgentConnection, link: Link, connectionId: string, instanceId: string) {
      agent.link = link;
      agent.connectionId = connectionId;
      agent.instanceId = instanceId;
    },
    /** Gives an agent up: nobody is connected as it. */
    release(agent: AgentConnection) {
      agent.link = null;
      agent.connectionId = null;
    },
    /** How many agents are connected. */
    claimed(): number {
      return [...state.agents.values()].filter(({ link }) => link !== null).length;
    },
    /** Tells every dashboard. Encoded once, whatever their number. */
    tellEveryone(body: Body<HubToDashboard>) {
      broadcast(EVERYONE, encode<HubToDashboard>(body));
    },
    /** Tells the live readers of a command's output. */
    tellReaders(commandId: string, frame: string) {
      broadcast(terminalTopic(commandId), frame);
    },
  };
}
