// The overview: every agent, and how it is.
import { hasRole } from '../../src/protocol/entities.ts';
import { AgentRow, type AgentWithCommand } from '../components/agent-row.tsx';
import { ANY_AGENT, ANY_APPROVAL, ANY_COMMAND, REFRESH, whenever } from '../events.ts';
import { Icon } from '../components/icons.tsx';
import { type Frame, Page, type Reader } from '../components/layout.tsx';
import { lampOf, SignalHead } from '../components/status.tsx';
import { type AgentLamp, agentLamps } from '../format/labels.ts';

interface AgentsProps {
  reader: Reader;
  agents: AgentWithCommand[];
}

/** The page at `/`. */
export function AgentsPage({ frame, reader, agents }: AgentsProps & { frame: Frame }) {
  return (
    <Page frame={frame} reader={reader} title="Agents" section="agents">
      <div class="page-head">
        <h1>Agents</h1>
        {hasRole(reader.role, 'admin') && <AddButton />}
      </div>
      <AgentList reader={reader} agents={agents} />
    </Page>
  );
}

/** The list, which fetches itself again when something has changed; heartbeats age in between. */
export function AgentList({ reader, agents }: AgentsProps) {
  return (
    <section
      id="agents"
      aria-label="Agents"
      hx-get="/agents"
      hx-trigger={`${whenever(ANY_AGENT, ANY_COMMAND, ANY_APPROVAL, REFRESH)}, every 10s`}
      hx-swap="outerMorph"
      hx-sync="this:queue last"
    >
      {agents.length === 0 ? <NoAgents reader={reader} /> : <Rows agents={agents} />}
    </section>
  );
}

function Rows({ agents }: { agents: AgentWithCommand[] }) {
  const lamps: AgentLamp[] = ['waiting', 'online', 'busy', 'offline'];
  const lit = (lamp: AgentLamp) => agents.filter(({ agent }) => lampOf(agent) === lamp).length;
  return (
    <>
      <p class="tally">
        {lamps
          .filter((lamp) => lamp !== 'waiting' || lit(lamp) > 0)
          .map((lamp) => (
            <span key={lamp} class={`tally-${lamp}`}>
              <b>{lit(lamp)}</b> {agentLamps[lamp].toLowerCase()}
            </span>
          ))}
      </p>
      <ul class="agents">
        {agents.map((row) => (
          <AgentRow key={row.agent.agentId} {...row} />
        ))}
      </ul>
    </>
  );
}

function AddButton() {
  return (
    <button
      class="button button-first"
      type="button"
      hx-get="/dialogs/add-agent"
      hx-target="#dialog-body"
    >
      <Icon name="plus" />
      Add agent
    </button>
  );
}

function NoAgents({ reader }: { reader: Reader }) {
  return (
    <div class="empty">
      <div class="empty-signals" aria-hidden="true">
        <SignalHead lamp="offline" />
        <SignalHead lamp="busy" />
        <SignalHead lamp="online" />
      </div>
      <h2>The line is quiet</h2>
      {hasRole(reader.role, 'admin') ? (
        <>
          <p>No agent is known here yet. Three steps, two minutes:</p>
          <ol class="steps">
            <li>Add an agent: a name, and which program it is.</li>
            <li>Copy the line you are shown.</li>
            <li>Paste it on the machine where Claude Code, Gemini CLI or Codex is installed.</li>
          </ol>
          <AddButton />
        </>
      ) : (
        <p>
          No agent is known here yet. An administrator can add one; it will show up here by itself.
        </p>
      )}
    </div>
  );
}
