// The subscriptions of dashboards to the output of commands: what is published, who is attached, and who is too slow.
import { CloseCode } from '../../protocol/close-codes.ts';
import { SLOW_MS } from '../../protocol/limits.ts';
import type { Broadcast } from '../broadcast.ts';
import type { Compress } from '../compressor.ts';
import { ownOutput, type OutputSource } from './output-source.ts';
import type { HubContext } from '../context.ts';
import { createFrame } from '../frame.ts';
import { maySee } from '../grants.ts';
import type { DashboardConnection } from '../state/dashboard.ts';
import type { OutputChunk, TerminalBuffer } from '../state/terminal-buffer.ts';
import { createAttachment, createAttachments } from './attachments.ts';
import { createBacklogs } from './backlogs.ts';
import { createDelivery } from './delivery.ts';
import { createFrames } from './frames.ts';
import { createOutputReader } from './output-reader.ts';
import { completeMessage } from './terminal-messages.ts';

export type Subscriptions = ReturnType<typeof createSubscriptions>;

export function createSubscriptions(
  context: HubContext,
  broadcast: Broadcast,
  compress: Compress,
  output: OutputSource = ownOutput,
) {
  const { state, clock } = context;
  const frames = createFrames(compress);
  const backlogs = createBacklogs(context);
  const reader = createOutputReader(context);
  const delivery = createDelivery(context, { frames, compress, reader });
  const attachments = createAttachments(context, { delivery, output });
  const { attach, reattach, attachStored, begin, canReset, isTemporary, publishEpoch, reset } =
    attachments;

  /** Frees the frames of commands that are no longer replayed to a dashboard. */
  function freeFrames() {
    if (frames.keptBytes() === 0) return;
    const replayed = new Set<string>();
    for (const dashboard of state.dashboards.values()) {
      if (dashboard.state !== 'CONNECTED') continue;
      for (const [commandId, subscription] of dashboard.subscriptions) {
        if (subscription.state === 'replay') replayed.add(commandId);
      }
    }
    frames.keepOnly(replayed);
  }

  return {
    /** Publishes a new chunk to the live subscribers of its command. */
    publishChunk(commandId: string, chunk: OutputChunk) {
      const buffer = state.terminalBuffers.get(commandId);
      const frame = buffer && broadcast.toSubscribers(commandId, () => frames.of(buffer, chunk));
      if (!frame) return;
      for (const dashboard of backlogs.add(frame.text.length)) delivery.demote(dashboard);
    },
    /** Publishes that a command's output is complete. Dashboards served by a cursor get this at the end of the replay. */
    publishComplete(buffer: TerminalBuffer) {
      const { commandId } = buffer;
      broadcast.toSubscribers(commandId, () => createFrame(completeMessage(buffer), compress));
      for (const dashboard of state.dashboards.values()) {
        const subscription = dashboard.subscriptions.get(commandId);
        if (dashboard.state !== 'CONNECTED' || subscription?.state !== 'live') continue;
        delivery.leaveTopic(dashboard, commandId);
        delivery.awaitConfirmation(dashboard, commandId, subscription.attachment);
      }
    },
    /** Whether a dashboard has completed subscriptions that no ping sent so far can confirm. */
    needConfirmation: ({ subscriptions, lastPing }: DashboardConnection) =>
      subscriptions
        .values()
        .some(
          (subscription) => subscription.state === 'sent' && subscription.confirmedBy > lastPing,
        ),
    /** Ends the completed subscriptions that a pong confirms, and notes that it confirms those that have begun again. */
    confirm(dashboard: DashboardConnection, ping: number) {
      for (const [commandId, subscription] of dashboard.subscriptions) {
        const { attachment } = subscription;
        if ((attachment.resetConfirmedBy ?? Infinity) <= ping) attachment.resetConfirmedBy = null;
        if (subscription.state !== 'sent' || subscription.confirmedBy > ping) continue;
        dashboard.subscriptions.delete(commandId);
      }
    },
    attach,
    reattach,
    reset,
    canReset,
    isTemporary,
    publishEpoch,
    /** Ends a dashboard's subscription to a command's output. */
    detach(dashboard: DashboardConnection, commandId: string) {
      if (dashboard.subscriptions.get(commandId)?.state === 'live') {
        delivery.leaveTopic(dashboard, commandId);
      }
      dashboard.subscriptions.delete(commandId);
      dashboard.attaching.delete(commandId);
    },
    /** Subscribes the dashboards that receive all output to a new command. */
    attachFollowers({ id, agentId }: { id: string; agentId: string }) {
      const followers = [...state.dashboards.values()]
        .filter((dashboard) => dashboard.terminals === 'all' && maySee(state, dashboard, agentId))
        .map((dashboard) => ({ dashboard, link: dashboard.link }));
      if (followers.length === 0) return;
      const beginAll = () => {
        for (const { dashboard, link } of followers) {
          // Since then, it may have resumed on another connection, where it attaches.
          if (dashboard.subscriptions.has(id) || dashboard.attaching.has(id)) continue;
          if (dashboard.link !== link) continue;
          if (!state.terminalBuffers.has(id)) {
            // It has ended meanwhile.
            attachStored(dashboard, id).catch((error: unknown) => {
              if (isTemporary(error)) link.close(CloseCode.goingAway, 'moved');
            });
            continue;
          }
          const start = { next: 0, offset: 0 };
          const cursor = delivery.attach(dashboard, id, start, createAttachment());
          begin(dashboard, { id, agentId }, cursor);
          delivery.advance(dashboard);
        }
      };
      const refreshed = output.refresh(id);
      if (refreshed) refreshed.then(beginAll, beginAll);
      else beginAll();
    },
    /** Continues after a socket has drained. */
    handleDrain(dashboard: DashboardConnection) {
      if (dashboard.slowSince !== null) dashboard.slowSince = clock.monotonic();
      backlogs.update(dashboard);
      delivery.advance(dashboard);
    },
    /** Looks for slow dashboards, closes those without progress for 30 s, and retries the others. */
    sweep() {
      for (const dashboard of backlogs.findSlow()) delivery.demote(dashboard);
      freeFrames();
      for (const dashboard of state.dashboards.values()) {
        if (dashboard.slowSince === null || dashboard.state !== 'CONNECTED') continue;
        if (clock.monotonic() - dashboard.slowSince < SLOW_MS)
          delivery.advanceInNextTick(dashboard);
        else dashboard.link.close(CloseCode.tryAgainLater, 'slow_consumer');
      }
    },
    /** Serves what is left of complete output from the store, because its buffer is freed. */
    continueFromStore({ commandId, nextSequence, writtenBytes: totalBytes }: TerminalBuffer) {
      for (const { subscriptions } of state.dashboards.values()) {
        const cursor = subscriptions.get(commandId);
        if (cursor?.state !== 'replay') continue;
        cursor.storedEnd = { lastSequence: nextSequence - 1, totalBytes };
      }
    },
    reader,
    /** Forgets what was sent of the output of a command, because it may be received again in other pieces. */
    forgetFrames: frames.forget,
    /** Whether a dashboard is subscribed to a command's output, or may resume a subscription. */
    exist: (commandId: string) =>
      state.dashboards.values().some(({ subscriptions }) => subscriptions.has(commandId)),
  };
}
