// How a dashboard attaches to the output of a command: from the start or a position on, after what it has received on another
// hub, or again because what it has received is void (docs/protocol.md, "Several hubs").
import { wait } from '../../protocol/clock.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import { hasEnded } from '../../protocol/command-status.ts';
import { HubError } from '../../protocol/errors.ts';
import type { StoredCommand } from '../../store/store.ts';
import type { HubContext } from '../context.ts';
import { maySee } from '../grants.ts';
import type { Attachment, Cursor, DashboardConnection } from '../state/dashboard.ts';
import { readWhenReachable } from '../store-health.ts';
import type { Delivery } from './delivery.ts';
import type { OutputSource, Received } from './output-source.ts';
import { findInBuffer, findInStore, positionAfter, type Start } from './start-position.ts';
import { type Position, skipTo } from './stored-messages.ts';

type Command = Pick<StoredCommand, 'id' | 'agentId'>;

/** How long an agent may take to move between hubs, until its output can be read again. */
const MOVE_MS = 5_000;
const RETRY_MS = 50;

/** Creates the attachment of a dashboard to which nothing was sent yet. */
export const createAttachment = ({ afterBytes, tailBytes }: Start = {}): Attachment => ({
  origin: {
    ...(afterBytes !== undefined && { afterBytes }),
    ...(tailBytes !== undefined && { tailBytes }),
  },
  epoch: null,
  resetConfirmedBy: null,
});

export function createAttachments(
  { state, store, clock }: HubContext,
  { delivery, output }: { delivery: Delivery; output: OutputSource },
) {
  /** Moves a cursor to a later position, and tells the dashboard what it does not receive. */
  function skip(
    dashboard: DashboardConnection,
    commandId: string,
    cursor: Cursor,
    position: Readonly<Position>,
  ) {
    if (position.next <= cursor.next) return;
    delivery.send(dashboard, skipTo(commandId, cursor, position, 'skipped'));
  }

  /** Moves a cursor to a position that only the store knows. */
  async function skipStored(
    dashboard: DashboardConnection,
    commandId: string,
    cursor: Cursor,
    start: Start,
  ) {
    const buffer = state.terminalBuffers.get(commandId);
    const end = cursor.storedEnd
      ? { next: cursor.storedEnd.lastSequence + 1, offset: cursor.storedEnd.totalBytes }
      : { next: buffer?.nextSequence ?? 0, offset: buffer?.writtenBytes ?? 0 };
    cursor.isWaiting = true;
    try {
      const position = await findInStore(store, commandId, start, end);
      if (delivery.isCurrent(dashboard, commandId, cursor)) {
        skip(dashboard, commandId, cursor, position);
      }
    } finally {
      cursor.isWaiting = false;
    }
  }

  /** Whether a dashboard can begin again with one command, so that it may continue where it was on another hub. */
  const canReset = ({ acceptsReset }: DashboardConnection) => output.isShared && acceptsReset;

  /**
   * Whether a dashboard that cannot be attached connects again, and attaches then. Of a hub that is alone, what it cannot read is
   * damaged.
   */
  const isTemporary = (error: unknown) =>
    output.isShared && !(error instanceof HubError && error.code === 'command_unknown');

  /** What a dashboard has received that is not known to be valid. */
  function findUnchecked(
    dashboard: DashboardConnection,
    { afterSequence = -1, epoch }: Start,
  ): Received | null {
    const isUnchecked = canReset(dashboard) && afterSequence >= 0 && epoch !== undefined;
    return isUnchecked ? { afterSequence, epoch } : null;
  }

  /** Whether a dashboard may continue with a cursor. If what it has received is void, it begins again. */
  async function mayContinue(
    dashboard: DashboardConnection,
    command: Command,
    cursor: Cursor,
    received: Received,
  ): Promise<boolean> {
    const { id } = command;
    const isCurrent = () => delivery.isCurrent(dashboard, id, cursor);
    cursor.isWaiting = true;
    const isValid = await output.isValid(command, received, isCurrent).catch((error: unknown) => {
      if (isCurrent()) dashboard.subscriptions.delete(id);
      throw error;
    });
    if (!isCurrent()) return false;
    cursor.isWaiting = false;
    if (!isValid) reset(dashboard, id);
    return isValid;
  }

  /** Tells a dashboard to which epoch the output belongs that it has received, and will receive. */
  function sendEpoch(
    dashboard: DashboardConnection,
    commandId: string,
    attachment: Attachment,
    epoch: number,
  ) {
    if (attachment.epoch === epoch) return;
    attachment.epoch = epoch;
    delivery.send(dashboard, { type: 'terminal:epoch', commandId, epoch });
  }

  /** Sends output from a cursor on. */
  function begin(dashboard: DashboardConnection, command: Command, { attachment }: Cursor) {
    if (!canReset(dashboard) || dashboard.state !== 'CONNECTED') return;
    sendEpoch(dashboard, command.id, attachment, output.epochOf(command));
  }

  /** Ends a subscription that could not be served, unless another one has taken its place. */
  function detach(dashboard: DashboardConnection, commandId: string, cursor: Cursor) {
    if (dashboard.subscriptions.get(commandId) === cursor)
      dashboard.subscriptions.delete(commandId);
  }

  /**
   * Waits until the output of a command is read. Returns false if the dashboard has detached since then, has attached again, or
   * has resumed on another connection, where it attaches again.
   */
  async function isLatest(
    dashboard: DashboardConnection,
    commandId: string,
    refreshed: Promise<void>,
  ): Promise<boolean> {
    const { link, attaching } = dashboard;
    const attempt = Symbol('attempt');
    attaching.set(commandId, attempt);
    const isCurrent = () => attaching.get(commandId) === attempt;
    try {
      await refreshed;
      return isCurrent() && dashboard.link === link;
    } finally {
      if (isCurrent()) attaching.delete(commandId);
    }
  }

  /**
   * Reads a command whose output is in no buffer, and opens a buffer if it is not complete. Neither is possible for a moment while its
   * agent is moving between hubs.
   * @returns the command if it has ended; null if its buffer is open, or nobody waits for it anymore
   * @throws {HubError} command_unknown, unavailable
   */
  async function findEnded(
    dashboard: DashboardConnection,
    commandId: string,
    isWanted: () => boolean,
  ): Promise<StoredCommand | null> {
    const find = () => readWhenReachable(clock, () => store.commands.find(commandId));
    const deadline = clock.monotonic() + MOVE_MS;
    for (;;) {
      const command = await find();
      if (!isWanted()) return null;
      if (!command || !maySee(state, dashboard, command.agentId)) {
        throw new HubError('command_unknown', 'Command not found.');
      }
      const isComplete = hasEnded(command.status) && !command.isOutputOpen;
      if (!isComplete && (await output.open(command))) return null;
      // It may have ended meanwhile.
      const latest = isComplete ? command : ((await find()) ?? command);
      if (hasEnded(latest.status)) return latest;
      if (!output.isShared || clock.monotonic() >= deadline) {
        throw new HubError('unavailable', 'The output cannot be read at the moment. Try again.');
      }
      await wait(clock, RETRY_MS);
    }
  }

  /** Attaches to output that is in no buffer. */
  async function attachStored(
    dashboard: DashboardConnection,
    commandId: string,
    start: Start = {},
    attachment = createAttachment(start),
  ): Promise<void> {
    const { link } = dashboard;
    const cursor = delivery.attach(dashboard, commandId, positionAfter(start), attachment);
    // It may resume on another connection, where it attaches again.
    const isCurrent = () =>
      dashboard.link === link && delivery.isCurrent(dashboard, commandId, cursor);
    cursor.isWaiting = true;
    try {
      const command = await findEnded(dashboard, commandId, isCurrent);
      if (!command) {
        if (isCurrent()) await attach(dashboard, commandId, start, attachment, isCurrent);
        return;
      }
      const { lastSequence, totalBytes } = command;
      cursor.storedEnd = { lastSequence: lastSequence ?? -1, totalBytes: totalBytes ?? 0 };
      const unchecked = findUnchecked(dashboard, start);
      if (unchecked && !(await mayContinue(dashboard, command, cursor, unchecked))) return;
      begin(dashboard, command, cursor);
      await skipStored(dashboard, commandId, cursor, start);
    } catch (error) {
      detach(dashboard, commandId, cursor);
      throw error;
    } finally {
      cursor.isWaiting = false;
      delivery.advanceInNextTick(dashboard);
    }
  }

  /**
   * Sends the output of a command from its start or from `start` on, then follows it live. Output that was deleted is a
   * gap with the reason `expired`, and output that was not asked for one with the reason `skipped`.
   * @throws {HubError} command_unknown
   */
  async function attach(
    dashboard: DashboardConnection,
    commandId: string,
    start: Start = {},
    attachment = createAttachment(start),
    isWanted = () => true,
  ): Promise<void> {
    const refreshed = output.refresh(commandId);
    if (refreshed && !(await isLatest(dashboard, commandId, refreshed))) return;
    if (!isWanted()) return;
    const buffer = state.terminalBuffers.get(commandId);
    if (!buffer || !maySee(state, dashboard, buffer.agentId)) {
      return attachStored(dashboard, commandId, start, attachment);
    }
    const command = { id: commandId, agentId: buffer.agentId };
    const cursor = delivery.attach(dashboard, commandId, positionAfter(start, buffer), attachment);
    const unchecked = findUnchecked(dashboard, start);
    if (unchecked && !(await mayContinue(dashboard, command, cursor, unchecked))) return;
    begin(dashboard, command, cursor);
    // Its output may have become complete meanwhile.
    const held = state.terminalBuffers.get(commandId);
    cursor.offset ??= positionAfter(start, held).offset;
    const position = held && findInBuffer(held, start);
    try {
      if (position) skip(dashboard, commandId, cursor, position);
      else await skipStored(dashboard, commandId, cursor, start);
    } catch (error) {
      detach(dashboard, commandId, cursor);
      throw error;
    }
    return delivery.advanceInNextTick(dashboard);
  }

  /** Tells a dashboard that what it has received of a command is void, and attaches it as if it had just connected. */
  async function reattach(
    dashboard: DashboardConnection,
    commandId: string,
    start: Start,
  ): Promise<void> {
    const attachment = { ...createAttachment(start), resetConfirmedBy: dashboard.lastPing + 1 };
    delivery.send(dashboard, { type: 'terminal:reset', commandId });
    const cursor = delivery.attach(dashboard, commandId, { next: 0, offset: 0 }, attachment);
    cursor.isWaiting = true;
    const isCurrent = () => delivery.isCurrent(dashboard, commandId, cursor);
    // The caller drops the buffer in this turn: attach after that.
    await Promise.resolve();
    if (!isCurrent()) return;
    try {
      await attach(dashboard, commandId, attachment.origin, attachment, isCurrent);
    } catch (error) {
      if (isCurrent()) dashboard.subscriptions.delete(commandId);
      throw error;
    }
  }

  /** The same for a dashboard that follows a command. If it is not connected, it learns that when it resumes. */
  function reset(dashboard: DashboardConnection, commandId: string) {
    const subscription = dashboard.subscriptions.get(commandId);
    if (!subscription) return;
    const { attachment } = subscription;
    if (dashboard.state !== 'CONNECTED') {
      attachment.resetConfirmedBy = Infinity;
      return;
    }
    const { link } = dashboard;
    // If that fails, it attaches when it has connected again.
    reattach(dashboard, commandId, attachment.origin).catch(() => {
      link.close(CloseCode.goingAway, 'moved');
    });
  }

  /** Tells the dashboards that follow a command that all they have received of it belongs to a later epoch, too. */
  function publishEpoch(commandId: string, epoch: number) {
    for (const dashboard of state.dashboards.values()) {
      const attachment = dashboard.subscriptions.get(commandId)?.attachment;
      // Without an epoch, what it has received is not checked yet.
      if (dashboard.state !== 'CONNECTED' || !attachment || attachment.epoch === null) continue;
      sendEpoch(dashboard, commandId, attachment, epoch);
    }
  }

  return {
    attach,
    reattach,
    attachStored,
    begin,
    canReset,
    isTemporary,
    publishEpoch,
    reset,
  };
}
