// The changes beside the session: the files that the latest commands have changed, with links to their diffs.
import type { ChangesResponse } from '../../../src/protocol/api.ts';
import type { CommandExecution } from '../../../src/protocol/entities.ts';
import { agentEvent, REFRESH, triggerOn } from '../../events.ts';
import { changesUrl, conversationChangesUrl, latestChangesUrl } from '../../urls.ts';
import { Timestamp } from '../timestamp.tsx';
import { Counts, FileList } from './changed-files.tsx';
import { explainNoChanges } from '../../../src/protocol/report-format.ts';

/** A command and what it has changed. */
export interface CommandWithChanges {
  command: CommandExecution;
  changes: ChangesResponse;
}

/** How many files of one command are listed. */
const MAX_FILES = 8;

/** The place of the list, which loads it, and loads it again when the agent's status changes. */
export function LatestChangesPlace({ agentId }: { agentId: string }) {
  return (
    <div
      id="changes"
      hx-get={latestChangesUrl(agentId)}
      hx-trigger={`load, ${triggerOn(agentEvent(agentId), REFRESH)}`}
      hx-sync="this:queue last"
    />
  );
}

interface LatestChangesProps {
  agentId: string;
  /** Newest first. */
  commands: readonly CommandWithChanges[];
  /** The latest command, also if it changed nothing. */
  latest: CommandExecution | null;
}

export function LatestChanges({ agentId, commands, latest }: LatestChangesProps) {
  const conversationId = commands.find(({ command }) => command.conversationId)?.command
    .conversationId;
  return (
    <section class="panel latest-changes" aria-labelledby="changes-title">
      <h2 id="changes-title">
        Changes
        {conversationId && (
          <a href={conversationChangesUrl(agentId, conversationId)}>Whole conversation</a>
        )}
      </h2>
      {commands.length === 0 && (
        <p class="hint">{(latest && explainNoChanges(latest)) ?? 'No files changed yet.'}</p>
      )}
      {commands.map(({ command, changes }) => (
        <article key={command.id} class="latest-change">
          <h3>
            <a href={changesUrl(command.id)} title="Review the changes of this command">
              {command.command.trim()}
            </a>
          </h3>
          <p class="latest-change-facts">
            <Timestamp at={command.completedAt ?? command.requestedAt} />
            {command.changes && <Counts {...command.changes} />}
          </p>
          <FileList changes={changes} base={changesUrl(command.id)} limit={MAX_FILES} />
        </article>
      ))}
    </section>
  );
}
