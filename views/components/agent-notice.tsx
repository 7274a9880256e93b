// The notice an agent sends when something is missing on its machine, with the command that fixes it.
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { Copyable } from './copyable.tsx';
import { Icon } from './icons.tsx';

interface AgentNoticeProps {
  agent: AgentSummary;
  /** Identifies the notice in the user's browser; null if the user has dismissed it. */
  noticeId: string | null;
}

/** One line, which opens to the commands that fix it. The section is empty if the agent has no notice. */
export function AgentNotice({ agent, noticeId }: AgentNoticeProps) {
  const lines = agent.notice?.split('\n').filter((line) => line.trim() !== '') ?? [];
  if (lines.length === 0 || noticeId === null) return <section id="agent-notice" />;
  const parts = lines.map(parseNotice);
  return (
    <section id="agent-notice" class="agent-notice" aria-label="Notice">
      <Icon name="warning" />
      <details hx-morph-skip id={`notice-${noticeId}`}>
        <summary>{parts.map(({ text }) => text).join(' ')}</summary>
        {parts.map(
          ({ command }, index) =>
            command !== null && (
              <Copyable
                key={command}
                id={`fix-${index}`}
                label="Command that fixes this"
                text={command}
              />
            ),
        )}
      </details>
      <button
        class="icon-button"
        type="button"
        data-dismiss-notice={noticeId}
        aria-label="Dismiss this notice"
      >
        <Icon name="close" />
      </button>
    </section>
  );
}

/** Splits a notice such as `It is not installed. Install it: npm install x` into its text and its command. */
export function parseNotice(line: string): { text: string; command: string | null } {
  const match = /^(.+[.!] [^:.]+:) (\S.*)$/.exec(line);
  return { text: match?.[1] ?? line, command: match?.[2] ?? null };
}
