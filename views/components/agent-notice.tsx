// The notice an agent sends when something is missing on its machine, with the command that fixes it.
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { Copyable } from './copyable.tsx';
import { Icon } from './icons.tsx';

/** The section is empty if the agent has no notice. */
export function AgentNotice({ agent }: { agent: AgentSummary }) {
  const lines = agent.notice?.split('\n').filter((line) => line.trim() !== '') ?? [];
  return (
    <section id="agent-notice" class={lines.length > 0 ? 'agent-notice' : ''}>
      {lines.length > 0 && <Icon name="warning" />}
      <div>
        {lines.map((line, index) => (
          <NoticeLine key={line} id={`fix-${index}`} line={line} />
        ))}
      </div>
    </section>
  );
}

function NoticeLine({ id, line }: { id: string; line: string }) {
  const { text, command } = parseNotice(line);
  return (
    <>
      <p>{text}</p>
      {command !== null && <Copyable id={id} label="Command that fixes this" text={command} />}
    </>
  );
}

/** Splits a notice such as `It is not installed. Install it: npm install x` into its text and its command. */
export function parseNotice(line: string): { text: string; command: string | null } {
  const match = /^(.+[.!] [^:.]+:) (\S.*)$/.exec(line);
  return { text: match?.[1] ?? line, command: match?.[2] ?? null };
}
