// The session of an agent: its commands as blocks, the oldest above, the newest at the bottom. Ended commands are static;
// the running one has the page's terminal; queued ones follow in short.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { isCurrent, isStopping } from '../format/command-state.ts';
import { formatOrdinal } from '../format/forecast.ts';
import { agentTypeLabels } from '../format/labels.ts';
import { RETRY } from '../events.ts';
import { olderBlocksUrl } from '../urls.ts';
import { Block, BlockFooter, BlockHead, type SessionBlock } from './block.tsx';
import { HxPartial } from './hx-partial.tsx';
import { InterruptButton } from './interrupt-button.tsx';
import { TerminalScreen } from './terminal.tsx';
import { TerminalConfirm } from './terminal-tools.tsx';
import { TurnPanel } from './turn/turn-panel.tsx';

/** Queued commands in the session. The queue beside it shows all of them. */
const MAX_QUEUED = 5;

/** Blocks of commands that have ended. */
export interface BlockPage {
  /** Oldest first. */
  blocks: SessionBlock[];
  /** Where the page before it ends; null if there is none. */
  olderThan: string | null;
}

export interface SessionProps extends BlockPage {
  agent: AgentSummary;
  /** The current command first, then the queue. */
  active: CommandExecution[];
  canSend: boolean;
  canInterrupt: boolean;
}

export function Session(props: SessionProps) {
  return (
    <div class="session-frame">
      <section id="session" class="session" aria-label="Session" tabIndex={0}>
        <div class="session-content">
          <BlockList {...props} />
          <section id="current" class="block block-current" aria-label="Current command">
            <CurrentHead {...props} />
            <CurrentTurn {...props} />
            <TerminalScreen />
            <CurrentFooter {...props} />
          </section>
          <EmptySession agent={props.agent} />
          <QueuedBlocks {...props} />
        </div>
      </section>
      <TerminalConfirm id="confirm-link" />
      <button id="follow" class="button button-small follow" type="button" hidden />
    </div>
  );
}

/** The stylesheet hides it as soon as there is a block. */
function EmptySession({ agent }: { agent: AgentSummary }) {
  const { agentId, agentType, capabilities } = agent;
  return (
    <div class="session-empty">
      <h2>No commands yet</h2>
      <p>
        {capabilities.includes('prompt') && `Write what ${agentTypeLabels[agentType]} should do. `}
        Start with <kbd>!</kbd> to run a shell command in the folder of{' '}
        <b class="mono">{agentId}</b>. Each command and its output appear here.
      </p>
    </div>
  );
}

/** The ended commands. Replaced as a whole only if the page has missed too many. */
export function BlockList(props: SessionProps) {
  const { agent, blocks, olderThan, canSend } = props;
  return (
    <div id="block-list">
      <OlderBlocks agentId={agent.agentId} olderThan={olderThan} />
      <ol id="blocks" class="blocks">
        {blocks.map((block) => (
          <Block key={block.command.id} {...block} canSend={canSend} />
        ))}
      </ol>
    </div>
  );
}

/** Loads the blocks before the first one as soon as it comes near the visible part. */
function OlderBlocks({ agentId, olderThan }: { agentId: string; olderThan: string | null }) {
  if (olderThan === null) return <div id="older" />;
  return (
    <div
      id="older"
      class="older"
      hx-get={olderBlocksUrl(agentId, olderThan)}
      hx-trigger={`intersect root:#session rootMargin:600px once, ${RETRY}`}
      hx-swap="none"
      data-retry
      role="status"
    >
      Loading earlier commands…
    </div>
  );
}

/** The response with older blocks. */
export function OlderBlocksLoaded({
  agentId,
  blocks,
  olderThan,
  canSend,
}: BlockPage & { agentId: string; canSend: boolean }) {
  return (
    <>
      <HxPartial target="#blocks" swap="afterbegin">
        {blocks.map((block) => (
          <Block key={block.command.id} {...block} canSend={canSend} />
        ))}
      </HxPartial>
      <HxPartial target="#older" swap="outerHTML">
        <OlderBlocks agentId={agentId} olderThan={olderThan} />
      </HxPartial>
    </>
  );
}

/** The island reads the command of the terminal from it (src/browser/page-terminals.ts). */
export function CurrentHead({ agent, active, canInterrupt }: SessionProps) {
  const current = active.find((command) => isCurrent(command, agent));
  if (!current) return <div id="terminal-header" data-output="none" />;
  return (
    <div id="terminal-header" data-output="held" data-command={JSON.stringify(current)}>
      <BlockHead command={current}>
        {canInterrupt && !isStopping(current) && <InterruptButton command={current} />}
      </BlockHead>
    </div>
  );
}

/** The turn of the current prompt. It takes the place of the terminal as soon as it has parts. */
export function CurrentTurn({ agent, active }: Pick<SessionProps, 'agent' | 'active'>) {
  return <TurnPanel command={active.find((command) => isCurrent(command, agent)) ?? null} />;
}

export function CurrentFooter({ agent, active }: SessionProps) {
  const current = active.find((command) => isCurrent(command, agent));
  return current ? (
    <BlockFooter id="current-footer" command={current} />
  ) : (
    <div id="current-footer" />
  );
}

export function QueuedBlocks({ agent, active }: SessionProps) {
  const queued = active.filter((command) => !isCurrent(command, agent) && !isStopping(command));
  return (
    <ol id="queued-blocks" class="blocks">
      {queued.slice(0, MAX_QUEUED).map((command, index) => (
        <li key={command.id} id={`block-${command.id}`} class="block block-queued">
          <BlockHead command={command} state={`${formatOrdinal(index + 1)} in the queue`} />
        </li>
      ))}
      {queued.length > MAX_QUEUED && (
        <li class="queued-more">{`${queued.length - MAX_QUEUED} more in the queue`}</li>
      )}
    </ol>
  );
}
