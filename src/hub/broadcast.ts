// Sends messages that go to more than one connection of this hub.
import type { HubToAgent } from '../protocol/hub-to-agent.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../protocol/message.ts';
import type { Compress } from './compressor.ts';
import { createFrame, formFor, type Frame } from './frame.ts';
import { maySee, seesAllAgents } from './grants.ts';
import { sendToAgent } from './link.ts';
import { holdsCommand } from './state/agent.ts';
import type { DashboardConnection } from './state/dashboard.ts';
import type { ServerState } from './state/server-state.ts';

/** Topics of the server's sockets. */
export interface Publisher {
  /** Sends one frame to every socket that is subscribed to a topic. */
  publish(topic: string, frame: string | Uint8Array): void;
  /** How many sockets are subscribed to a topic. */
  subscriberCount(topic: string): number;
}

/** The topic of the dashboards whose users may see all agents: agents, commands, approvals. */
export const DASHBOARDS_TOPIC = 'dashboards';
/** The topic of every dashboard. */
export const HEARTBEAT_TOPIC = 'heartbeat';

/** The topic of one command's output. */
export function terminalTopic(commandId: string): string {
  return `terminal:${commandId}`;
}

/**
 * The topic a dashboard subscribes to: dashboards that accept compression use a second topic with compressed frames.
 */
export function topicFor({ accepts }: Pick<DashboardConnection, 'accepts'>, topic: string): string {
  return accepts === 'deflate-raw' ? `${topic}:deflate-raw` : topic;
}

export type Broadcast = ReturnType<typeof createBroadcast>;

/** @param onAgentMessage called for each message about an agent */
export function createBroadcast(
  state: ServerState,
  publisher: Publisher,
  compress: Compress,
  onAgentMessage: (agentId: string, body: Unversioned<HubToDashboard>) => void = () => undefined,
) {
  /**
   * Publishes a frame. Subscribers that accept compression receive it compressed. Returns the frame, or undefined if there
   * are no subscribers.
   */
  function publishFrame(topic: string, create: () => Frame): Frame | undefined {
    const compressedTopic = topicFor({ accepts: 'deflate-raw' }, topic);
    const acceptText = publisher.subscriberCount(topic) > 0;
    const acceptCompressed = publisher.subscriberCount(compressedTopic) > 0;
    if (!acceptText && !acceptCompressed) return undefined;
    const frame = create();
    if (acceptText) publisher.publish(topic, frame.text);
    if (acceptCompressed) publisher.publish(compressedTopic, frame.compressed());
    return frame;
  }

  return {
    /** Sends a message about an agent to every dashboard whose user may see the agent. It is encoded once. */
    toDashboards(agentId: string, body: Unversioned<HubToDashboard>) {
      onAgentMessage(agentId, body);
      const frame = createFrame(body, compress);
      publishFrame(DASHBOARDS_TOPIC, () => frame);
      for (const dashboard of state.dashboards.values()) {
        if (dashboard.state !== 'CONNECTED' || seesAllAgents(dashboard)) continue;
        if (maySee(state, dashboard, agentId)) dashboard.link.send(formFor(dashboard, frame));
      }
    },
    /** Sends a heartbeat to every dashboard. */
    sendHeartbeat(timestamp: number) {
      publishFrame(HEARTBEAT_TOPIC, () =>
        createFrame({ type: 'hub:heartbeat', timestamp }, compress),
      );
    },
    /** Sends a frame to the live subscribers of a command's output. Returns it, or undefined if there are none. */
    toSubscribers: (commandId: string, create: () => Frame) =>
      publishFrame(terminalTopic(commandId), create),
    /** Sends a message to every connected agent. */
    toAgents(body: Unversioned<HubToAgent>) {
      for (const { connection } of state.agents.values()) {
        if (connection.link) sendToAgent(connection.link, body);
      }
    },
    /** Sends a message about a command to its agent, if the agent is connected and holds the command. */
    toAgentOf(
      { agentId, commandId }: { agentId: string; commandId: string },
      body: Unversioned<HubToAgent>,
    ) {
      const agent = state.agents.get(agentId);
      const link = agent?.connection.link;
      if (link && holdsCommand(agent, commandId)) sendToAgent(link, body);
    },
  };
}
