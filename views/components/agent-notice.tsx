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
        <summary>
          {parts.map(({ text }) => text).join(' ')}
          {parts.some(({ command }) => command !== null) && <span>How to fix this</span>}
        </summary>
        {parts.map(
          ({ command, instruction }, index) =>
            command !== null && (
              <div key={command}>
                <p>{instruction}</p>
                <Copyable id={`fix-${index}`} label="Command that fixes this" text={command} />
              </div>
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

/** Splits `It is not installed. Install it: npm install x` into what is wrong, what to do, and its command. */
export function parseNotice(line: string): {
  text: string;
  instruction: string;
  command: string | null;
} {
  const [, text = line, instruction = '', command = null] =
    /^(.+[.!]) ([^:.]+:) (\S.*)$/.exec(line) ?? [];
  return { text, instruction, command };
}
