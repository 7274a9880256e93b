// What is missing where an agent runs, in its own words, with the command that mends it to copy.
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { Copyable } from './copyable.tsx';
import { Icon } from './icons.tsx';

/** The notice of an agent; empty where nothing is missing. */
export function AgentNotice({ agent }: { agent: AgentSummary }) {
  const lines = agent.notice?.split('\n').filter((line) => line.trim() !== '') ?? [];
  return (
    <section id="agent-notice" class={lines.length > 0 ? 'agent-notice' : ''}>
      {lines.length > 0 && <Icon name="warn" />}
      <div>
        {lines.map((line, index) => (
          <NoticeLine key={line} id={`mend-${index}`} line={line} />
        ))}
      </div>
    </section>
  );
}

function NoticeLine({ id, line }: { id: string; line: string }) {
  const { words, command } = readNotice(line);
  return (
    <>
      <p>{words}</p>
      {command !== null && <Copyable id={id} label="Command that mends it" text={command} />}
    </>
  );
}

/** Parts a notice such as "It is not installed. Install it: npm install x" into its words and its command. */
export function readNotice(line: string): { words: string; command: string | null } {
  const parts = /^(.+[.!] [^:.]+:) (\S.*)$/.exec(line);
  return { words: parts?.[1] ?? line, command: parts?.[2] ?? null };
}
