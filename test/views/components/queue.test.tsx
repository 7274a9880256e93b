import { expect, test } from 'bun:test';
import type { AgentSummary, CommandExecution } from '../../../src/protocol/entities.ts';
import { AgentRow } from '../../../views/components/agent-row.tsx';
import { Queue } from '../../../views/components/queue.tsx';
import { render } from '../render.ts';
import { agent, command, NOW } from '../../support/samples.ts';

const MINUTE_MS = 60_000;

function queued(id: string, fields: Partial<CommandExecution> = {}): CommandExecution {
  return command({ id, status: 'queued', startedAt: null, completedAt: null, ...fields });
}
const running = command({ id: 'now', status: 'running', completedAt: null, priority: 'high' });
const busy = { status: 'busy', currentCommand: 'now' } as const;

/** Renders a queue, and returns the text about the wait of each queued command. */
function readWaits(active: CommandExecution[], fields: Partial<AgentSummary> = busy): string[] {
  const queue = render(
    <Queue agent={agent(fields)} active={active} canInterrupt={false} now={NOW} />,
  );
  const waits = [...queue.html.matchAll(/<p class="queue-wait[^"]*">(.*?)<\/p>/gs)];
  return waits.map(
    ([, wait = '']) => render(<p dangerouslySetInnerHTML={{ __html: wait }} />).text,
  );
}

test('a queued command shows how long it has waited, and what for', () => {
  const high = Array.from({ length: 12 }, (_, index) => queued(`h${index}`, { priority: 'high' }));
  const waits = readWaits([
    running,
    ...high,
    queued('n'),
    queued('n2'),
    queued('l', { priority: 'low' }),
  ]);
  expect(waits[0]).toMatch(/^Waiting .+ UTC behind the running command$/);
  expect(waits[1]).toMatch(/ behind 1 command$/);
  expect(waits[11]).toMatch(/ behind 11 commands$/);
  expect(waits[12]).toMatch(/ behind 12 high-priority commands$/);
  expect(waits[13]).toMatch(/ behind 12 high-priority commands$/);
  expect(waits[14]).toMatch(/ behind 14 higher-priority commands$/);
});

test('the first command waits for nothing if the agent is idle, and for the agent if it is offline', () => {
  expect(readWaits([queued('c1')], {})[0]).toMatch(/UTC$/);
  const offline = readWaits([queued('c1'), queued('c2')], { status: 'offline' });
  expect(offline[0]).toMatch(/ for the agent to connect$/);
  expect(offline[1]).toMatch(/ behind 1 command$/);
  const stopping = { status: 'busy', currentCommand: 'ended' } as const;
  expect(readWaits([queued('c1')], stopping)[0]).toMatch(/ for the previous command to stop$/);
});

test('a wait of 15 min is a warning', () => {
  const waitedFor = (ms: number) =>
    render(
      <Queue
        agent={agent(busy)}
        active={[running, queued('c1', { requestedAt: NOW - ms })]}
        canInterrupt={false}
        now={NOW}
      />,
    ).findAll('.queue-wait-long').length;
  expect([15 * MINUTE_MS - 1, 15 * MINUTE_MS].map(waitedFor)).toEqual([0, 1]);
});

test('the overview shows the longest wait', () => {
  const renderRow = (queuedSince: number | null) =>
    render(
      <AgentRow
        agent={agent({ queueLength: queuedSince === null ? 0 : 2 })}
        current={null}
        pendingTitle={null}
        queuedSince={queuedSince}
        now={NOW}
      />,
    );
  expect(renderRow(null).text).not.toContain('Longest wait');
  const short = renderRow(NOW - 2 * MINUTE_MS);
  expect(short.text).toContain('Longest wait');
  expect(short.findAll('.queue-wait-long')).toEqual([]);
  expect(renderRow(NOW - 16 * MINUTE_MS).findAll('.queue-wait-long')).toHaveLength(1);
});
