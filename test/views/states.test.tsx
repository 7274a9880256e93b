// What people see for each state.
import { expect, test } from 'bun:test';
import { AgentPage, type AgentState } from '../../views/pages/agent.tsx';
import { AgentsPage } from '../../views/pages/agents.tsx';
import { AgentAdded } from '../../views/components/add-agent.tsx';
import { CommandLive, CommandPage } from '../../views/pages/command.tsx';
import { CommandAccepted } from '../../views/components/composer.tsx';
import { HistoryList, HistoryOlder, HistoryPage } from '../../views/pages/history.tsx';
import { see } from './render.ts';
import { agent, command, NOW } from '../support/samples.ts';
import { admin, frame, operator } from './samples.ts';

const queued = (id: string, fields = {}) =>
  command({ id, status: 'queued', startedAt: null, completedAt: null, exitCode: null, ...fields });

function agentPage(fields: Partial<AgentState> = {}) {
  const state = {
    reader: operator,
    agent: agent(),
    live: [],
    recent: [],
    shown: null,
    questions: [],
    ...fields,
  };
  return see(<AgentPage {...state} frame={frame} requestId="r" />);
}

test('the overview tells each status by word, and counts', () => {
  const agents = (['online', 'busy', 'offline'] as const).map((status) => ({
    agent: agent({ agentId: status, status, queueLength: status === 'busy' ? 3 : 0 }),
    current: status === 'busy' ? command({ status: 'running' }) : null,
    asks: null,
  }));
  const seen = see(<AgentsPage frame={frame} reader={admin} agents={agents} />);
  expect(seen.text).toMatch(/1 online.*1 busy.*1 offline/);
  for (const word of [
    'Online',
    'Busy',
    'Offline',
    'Claude Code',
    '3 commands queued',
    'Fix the login test',
  ]) {
    expect(seen.text).toContain(word);
  }
  expect(seen.all('.track-line i')).toHaveLength(3);
  expect(seen.all('[hx-trigger*="signalbox:agent-status"]')).toHaveLength(1);
});

test('a long queue is counted, not drawn', () => {
  const crowd = [{ agent: agent({ queueLength: 90 }), current: null, asks: null }];
  const seen = see(<AgentsPage frame={frame} reader={admin} agents={crowd} />);
  expect(seen.all('.track-line i')).toHaveLength(8);
  expect(seen.text).toContain('90 commands queued');
});

test('without agents the overview says how to get one', () => {
  const seen = see(<AgentsPage frame={frame} reader={admin} agents={[]} />);
  expect(seen.text).toContain('Copy the line you are shown.');
});

test('a queue has the running command first, then positions in the order it was given', () => {
  const running = command({ status: 'running', completedAt: null, exitCode: null });
  const live = [running, queued('c2', { priority: 'high' }), queued('c3')];
  const seen = agentPage({ agent: agent({ status: 'busy', currentCommand: 'c1' }), live });
  expect(seen.all('.queue li').map((row) => row.get('id'))).toEqual([
    'queued-c1',
    'queued-c2',
    'queued-c3',
  ]);
  expect(seen.text).toMatch(/Now.*Normal.*1Fix.*High.*2Fix.*Normal/s);
});

test('a command that was sent and has not started is at its agent, not in its queue', () => {
  const seen = agentPage({
    agent: agent({ status: 'busy', currentCommand: 'c1' }),
    live: [queued('c1')],
  });
  expect(seen.all('.queue-now')).toHaveLength(1);
  expect(seen.text).toContain('Queue 0');
});

test('an offline agent says that it takes nothing', () => {
  const seen = agentPage({ agent: agent({ status: 'offline', lastHeartbeat: null }) });
  expect(seen.text).toContain('build is offline: commands are refused until it is back.');
  expect(seen.text).toContain('Never connected');
});

test('a new conversation is offered only to an agent that converses', () => {
  expect(agentPage().text).toContain('New conversation');
  const shellOnly = agentPage({ agent: agent({ capabilities: ['shell'] }) });
  expect(shellOnly.text).not.toContain('New conversation');
  expect(shellOnly.text).toContain('Takes !commands for its shell. It takes no prompts.');
});

test('the terminal head carries the command for the island', () => {
  const shown = {
    command: command({ command: 'say "hi" & <wait>' }),
    output: 'held' as const,
    chosen: true,
  };
  const seen = agentPage({ shown, recent: [shown.command] });
  const [head] = seen.all('#terminal-head');
  expect(JSON.parse(head?.get('data-command') ?? '')).toEqual(shown.command);
  expect(seen.text).toContain('Back to live');
  expect(seen.all('#recent [aria-current]')).toHaveLength(1);
});

test('output that is gone is said to be gone', () => {
  const seen = see(
    <CommandPage
      frame={frame}
      reader={operator}
      command={command()}
      output="expired"
      approvals={[]}
    />,
  );
  expect(seen.text).toContain('no longer held');
  expect(seen.all('#terminal-head')[0]?.get('data-output')).toBe('expired');
});

test('a failure tells its sentence, its code and its exit code', () => {
  const failed = command({
    status: 'failed',
    exitCode: 3,
    error: { code: 'program_failed', message: 'The program ended with exit code 3.' },
  });
  const seen = see(
    <CommandPage frame={frame} reader={operator} command={failed} output="held" approvals={[]} />,
  );
  for (const word of ['Failed', '12.0 s · exit 3', 'ended with exit code 3', 'program_failed']) {
    expect(seen.text).toContain(word);
  }
});

test('a command that has ended asks no more with every change of its agent', () => {
  const watch = (status: 'running' | 'completed') =>
    see(
      <CommandPage
        frame={frame}
        reader={operator}
        command={command({ status })}
        output="held"
        approvals={[]}
      />,
    )
      .all('#command-watch')[0]
      ?.get('hx-trigger');
  expect(watch('running')).toContain('signalbox:command/c1');
  expect(watch('completed')).toBe('signalbox:refresh from:body');
  const live = (status: 'running' | 'completed') =>
    see(
      <CommandLive reader={operator} command={command({ status })} output="held" approvals={[]} />,
    ).html;
  expect(live('running')).not.toContain('#command-watch');
  expect(live('completed')).toContain('#command-watch');
});

test('an accepted command empties the box and gives it a new request', () => {
  const seen = see(<CommandAccepted position={0} requestId="next-one" />);
  expect(seen.text).toContain('Sent: it is next.');
  expect(seen.html).toContain('value="next-one"');
  expect(see(<CommandAccepted position={4} requestId="r" />).text).toContain('position 5');
});

test('the line to paste starts the agent', () => {
  const registered = { agentId: 'build', agentType: 'codex' as const, token: 't0k' };
  const seen = see(<AgentAdded registered={registered} hubUrl="http://hub:4400" />);
  expect(seen.text).toContain(
    'SIGNALBOX_AGENT_TOKEN=t0k signalbox agent --hub http://hub:4400 --id build --type codex',
  );
});

test('history keeps its filters, and stops renewing once the reader goes back', () => {
  const query = { agentId: 'gone', status: 'failed' as const, q: 'test' };
  const page = { items: [command()], nextCursor: 'abc' };
  const first = see(
    <HistoryPage frame={frame} reader={operator} agents={[agent()]} query={query} page={page} />,
  );
  expect(first.all('option[selected]').map((option) => option.get('value'))).toEqual([
    'gone',
    'failed',
  ]);
  expect(first.all('#history-watch[hx-trigger]')).toHaveLength(1);
  expect(first.all('.older a')[0]?.get('href')).toBe(
    '/history?agentId=gone&status=failed&q=test&cursor=abc',
  );
  const older = see(
    <HistoryOlder query={{ ...query, cursor: 'abc' }} page={{ ...page, nextCursor: null }} />,
  );
  expect(older.all('#history-watch[hx-trigger]')).toEqual([]);
  expect(older.all('.older')).toEqual([]);
});

test('an empty history tells nothing yet from nothing found', () => {
  const nothing = { items: [], nextCursor: null };
  expect(see(<HistoryList query={{}} page={nothing} />).text).toContain('Nothing has run yet');
  expect(see(<HistoryList query={{ q: 'x' }} page={nothing} />).text).toContain('Nothing matches');
});

test('moments are told in UTC until the island tells them better', () => {
  const seen = see(
    <CommandPage
      frame={frame}
      reader={operator}
      command={command({ requestedAt: NOW })}
      output="held"
      approvals={[]}
    />,
  );
  expect(seen.text).toContain('2026-03-01 14:03:22 UTC');
  expect(seen.all(`local-time[at="${NOW}"][as="clock"]`)).toHaveLength(1);
});
