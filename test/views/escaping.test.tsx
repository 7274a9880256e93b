// Whatever agents and people write stays text.
import { expect, test } from 'bun:test';
import { AgentAdded, AddAgentForm, RevokeForm } from '../../views/components/add-agent.tsx';
import { AgentLive, AgentPage } from '../../views/pages/agent.tsx';
import { AgentsPage } from '../../views/pages/agents.tsx';
import { CommandLive, CommandPage } from '../../views/pages/command.tsx';
import { CompareAgents, ComparePage, type Comparison } from '../../views/pages/compare.tsx';
import { ComparisonLive, ComparisonPage } from '../../views/pages/comparison.tsx';
import { HistoryOlder, HistoryPage } from '../../views/pages/history.tsx';
import { ApprovalList, ApprovalsPage } from '../../views/pages/approvals.tsx';
import { LoginPage, SetupPage } from '../../views/pages/login.tsx';
import { NotFoundPage } from '../../views/pages/not-found.tsx';
import { Notice } from '../../views/components/notice.tsx';
import { see } from './render.ts';
import { agent, approval, command } from '../support/samples.ts';
import { admin, frame } from './samples.ts';

const EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>';

const evilAgent = agent({
  agentId: EVIL,
  capabilities: ['prompt', `/${EVIL}`],
  status: 'busy',
  notice: `${EVIL}. Mend it: ${EVIL}`,
});
const evilCommand = command({
  id: EVIL,
  agentId: EVIL,
  command: EVIL,
  requestedBy: EVIL,
  status: 'failed',
  error: { code: 'program_failed', message: EVIL },
  comparisonId: EVIL,
  conversationId: EVIL,
  usage: { used: 1, size: 2, cost: { amount: 1, currency: EVIL } },
});
const evilQuestion = approval({
  approvalId: EVIL,
  commandId: EVIL,
  agentId: EVIL,
  title: EVIL,
  detail: `${EVIL}\n@@ -1,1 +1,1 @@\n-${EVIL}\n+${EVIL}`,
  options: [{ optionId: EVIL, name: EVIL, kind: EVIL }],
});
const evilAnswer = {
  ...evilQuestion,
  outcome: 'selected' as const,
  optionId: EVIL,
  resolvedBy: EVIL,
};
const questions = [{ approval: evilQuestion, command: evilCommand }];
const approvals = [evilQuestion, { ...evilAnswer, approvalId: 'q2' }];
const reader = { ...admin, userId: EVIL };
const state = {
  reader,
  agent: evilAgent,
  live: [
    command({ ...evilCommand, status: 'running', error: null }),
    command({ ...evilCommand, id: 'c2', status: 'queued', error: null }),
  ],
  recent: [evilCommand],
  shown: { command: evilCommand, output: 'held' as const, chosen: true },
  questions,
};
const query = { agentId: EVIL, q: EVIL, cursor: EVIL, conversationId: EVIL };
const comparison: Comparison = { comparisonId: EVIL, commands: [evilCommand] };
const race = {
  reader,
  comparison,
  lanes: [{ command: evilCommand, output: 'held' as const, agentType: null }],
  questions,
};
const page = { items: [evilCommand], nextCursor: EVIL };
const registered = { agentId: EVIL, agentType: 'claude' as const, token: EVIL };

const views = {
  'the overview': (
    <AgentsPage
      frame={frame}
      reader={reader}
      agents={[{ agent: evilAgent, current: evilCommand, asks: EVIL }]}
    />
  ),
  'an agent': <AgentPage {...state} frame={frame} requestId={EVIL} />,
  'what changes of an agent': <AgentLive {...state} />,
  'the history': (
    <HistoryPage frame={frame} reader={reader} agents={[evilAgent]} query={query} page={page} />
  ),
  'more of the history': <HistoryOlder query={query} page={page} />,
  'a command': (
    <CommandPage {...{ frame, reader, approvals }} command={evilCommand} output="expired" />
  ),
  'what changes of a command': (
    <CommandLive {...{ reader, approvals }} command={evilCommand} output="held" />
  ),
  comparing: (
    <ComparePage
      frame={frame}
      reader={reader}
      agents={[evilAgent]}
      recent={[comparison]}
      comparisonId={EVIL}
    />
  ),
  'whom to compare': <CompareAgents agents={[evilAgent]} />,
  'a comparison': <ComparisonPage {...race} frame={frame} />,
  'what changes of a comparison': <ComparisonLive {...race} />,
  'the inbox': <ApprovalsPage {...{ frame, reader, questions }} />,
  'what changes of the inbox': <ApprovalList {...{ reader, questions }} />,
  'the dialogs': (
    <div>
      <AddAgentForm agentId={EVIL} refusal={EVIL} />
      <AgentAdded registered={registered} hubUrl={EVIL} />
      <RevokeForm agentId={EVIL} refusal={EVIL} />
    </div>
  ),
  'signing in': <LoginPage frame={frame} next={EVIL} username={EVIL} refusal={EVIL} />,
  'the first start': <SetupPage frame={frame} token={EVIL} refusal={EVIL} />,
  'nothing there': <NotFoundPage frame={frame} reader={reader} what={EVIL} />,
  'a notice': <Notice kind="refused" text={EVIL} />,
};

for (const [name, view] of Object.entries(views)) {
  test(`${name} shows markup as text`, () => {
    const seen = see(view);
    expect(seen.html).toContain('&lt;script>');
    expect(seen.all('script:not([src^="/assets/"])')).toEqual([]);
    expect(seen.all('img')).toEqual([]);
    expect(seen.all('[onerror]')).toEqual([]);
    // Nothing inline either, which the policy would refuse.
    expect(seen.all('[style], style')).toEqual([]);
    const attributes = seen.all('*').flatMap((element) => [...element.keys()]);
    expect(attributes.filter((attribute) => /^(hx-)?on/.test(attribute))).toEqual([]);
  });

  test(`${name} leads nowhere but here`, () => {
    const seen = see(view);
    const addresses = ['href', 'action', 'hx-get', 'hx-post'].flatMap((attribute) =>
      seen.all(`[${attribute}]`).map((element) => element.get(attribute)),
    );
    for (const address of addresses) expect(address).toMatch(/^(\/[a-z?]|\/$|#main$)[^<>" ]*$/);
  });
}

test('an id that could be read as a trigger is not written into one', () => {
  const seen = see(<AgentPage {...state} frame={frame} requestId="r" />);
  const triggers = seen.all('[hx-trigger]').map((element) => element.get('hx-trigger'));
  expect(triggers).toEqual([
    'signalbox:agent-status from:body, signalbox:approval from:body, signalbox:refresh from:body, every 10s',
  ]);
});
