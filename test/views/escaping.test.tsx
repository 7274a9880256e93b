// Text from agents and users is escaped on every page.
import { EditCommandForm } from '../../views/components/edit-command.tsx';
import { PauseForm } from '../../views/components/pause.tsx';
import { PromptsDialog } from '../../views/components/prompts-dialog.tsx';
import { Queue } from '../../views/components/queue.tsx';
import { AgentTokenAdded, AgentTokens } from '../../views/components/agent-token-dialogs.tsx';
import { AddApiTokenForm, ApiTokenAdded } from '../../views/components/api-token-dialogs.tsx';
import { expect, test } from 'bun:test';
import {
  AddAgentForm,
  AgentAdded,
  RemoveAgentForm,
} from '../../views/components/agent-dialogs.tsx';
import { AgentRemoved } from '../../views/components/agent-removed.tsx';
import { Notice } from '../../views/components/notice.tsx';
import {
  AddUserForm,
  ManageUser,
  PasswordLinkCreated,
} from '../../views/components/user-dialogs.tsx';
import { RecoveryCodes, TwoFactorSetup } from '../../views/components/two-factor.tsx';
import { AccountPage, PasswordPanel } from '../../views/pages/account.tsx';
import { AgainDialog } from '../../views/components/again-dialog.tsx';
import { UnfoldedLines } from '../../views/components/block-output.tsx';
import { OlderBlocksLoaded } from '../../views/components/session.tsx';
import { plainStyle } from '../../views/format/terminal-style.ts';
import { AgentLive, AgentPage } from '../../views/pages/agent.tsx';
import { AgentsPage } from '../../views/pages/agents.tsx';
import { ApprovalList, ApprovalsPage } from '../../views/pages/approvals.tsx';
import { CommandLive, CommandPage } from '../../views/pages/command.tsx';
import { AgentOptions, ComparePage, type Comparison } from '../../views/pages/compare.tsx';
import { ComparisonLive, ComparisonPage } from '../../views/pages/comparison.tsx';
import { HistoryOlder, HistoryPage } from '../../views/pages/history.tsx';
import { MessagePage } from '../../views/pages/message.tsx';
import { ChoosePasswordPage, SetupPage } from '../../views/pages/choose-password.tsx';
import { SignInCodePage, SignInPage } from '../../views/pages/sign-in.tsx';
import { SignInFailedPage } from '../../views/pages/single-sign-on.tsx';
import { UsersPage } from '../../views/pages/users.tsx';
import { type ShownTurn, Turn, TurnChanges } from '../../views/components/turn/turn.tsx';
import type { UserSummary } from '../../src/protocol/users.ts';
import { render } from './render.ts';
import { agent, approval, command, NOW } from '../support/samples.ts';
import { admin, context } from './samples.ts';

const EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>';

const evilAgent = agent({
  agentId: EVIL,
  capabilities: ['prompt', `/${EVIL}`],
  status: 'busy',
  notice: `${EVIL}. Fix it: ${EVIL}`,
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
const evilRequest = approval({
  approvalId: EVIL,
  commandId: EVIL,
  agentId: EVIL,
  title: EVIL,
  detail: `${EVIL}\n@@ -1,1 +1,1 @@\n-${EVIL}\n+${EVIL}`,
  options: [{ optionId: EVIL, name: EVIL, kind: EVIL }],
});
const evilResolved = {
  ...evilRequest,
  approvalId: 'q2',
  outcome: 'selected' as const,
  optionId: EVIL,
  resolvedBy: EVIL,
};
const pending = [{ approval: evilRequest, command: evilCommand }];
const approvals = [evilRequest, evilResolved];
const user = { ...admin, userId: EVIL };
const evilUser = {
  username: EVIL,
  role: 'viewer' as const,
  agents: [EVIL],
  createdAt: NOW,
  disabledAt: null,
  hasPassword: true,
  hasTwoFactor: true,
  hasSingleSignOn: false,
  lastSeenAt: NOW,
} satisfies UserSummary;
const evilSession = {
  id: EVIL,
  createdAt: NOW,
  expiresAt: NOW,
  lastSeenAt: NOW,
  address: EVIL,
  userAgent: EVIL,
  isCurrent: false,
};
const agentState = {
  user,
  agent: evilAgent,
  active: [
    command({ ...evilCommand, status: 'running', error: null }),
    command({ ...evilCommand, id: 'c2', status: 'queued', error: null }),
  ],
  noticeId: EVIL,
  pending,
  now: NOW,
};
const evilLine = { runs: [{ text: EVIL, style: plainStyle }], isError: true };
const evilBlock = {
  command: evilCommand,
  output: {
    state: 'whole' as const,
    first: [evilLine],
    last: [evilLine],
    total: 9_000,
    totalBytes: 9_000,
  },
  requestId: EVIL,
};
const blockPage = { blocks: [evilBlock], olderThan: EVIL };
const query = { agentId: EVIL, q: EVIL, cursor: EVIL, conversationId: EVIL };
const comparison: Comparison = { comparisonId: EVIL, commands: [evilCommand] };
const comparisonState = {
  user,
  comparison,
  columns: [{ command: evilCommand, removal: null, agent: evilAgent }],
  pending,
};
const page = { items: [evilCommand], nextCursor: EVIL };
const registered = { agentId: EVIL, agentType: 'claude' as const, token: EVIL };

const evilToken = { id: EVIL, name: EVIL, createdAt: NOW, expiresAt: NOW, lastUsedAt: NOW };
const evilApiToken = { ...evilToken, scope: 'admin' as const, lastAddress: EVIL };
const evilAgentToken = { ...evilToken, agentId: EVIL, createdBy: EVIL, isInUse: true };

const evilTurn: ShownTurn = {
  nextSequence: 5,
  hasEnded: false,
  parts: [
    { type: 'message' as const, text: `${EVIL}\n\n\`${EVIL}\`\n\n\`\`\`${EVIL}\n${EVIL}\n\`\`\`` },
    { type: 'thought' as const, text: EVIL },
    {
      type: 'tool' as const,
      title: EVIL,
      kind: EVIL,
      status: 'failed' as const,
      input: EVIL,
      output: EVIL,
      diffs: [{ path: EVIL, isNew: true, added: 1, removed: 0, text: `@@ ${EVIL}\n+${EVIL}` }],
      approval: { state: 'rejected' as const, option: EVIL },
    },
    { type: 'plan' as const, entries: [{ text: EVIL, status: 'running' as const }] },
    { type: 'note' as const, text: EVIL, tone: 'error' as const },
  ].map((content, index) => ({ index, revision: index, content })),
};

const views = {
  AgentsPage: (
    <AgentsPage
      context={context}
      user={user}
      agents={[{ agent: evilAgent, current: evilCommand, pendingTitle: EVIL, queuedSince: NOW }]}
      now={NOW}
    />
  ),
  AgentPage: <AgentPage {...agentState} page={blockPage} context={context} requestId={EVIL} />,
  AgentLive: (
    <AgentLive
      {...agentState}
      update={{ kind: 'append', blocks: [evilBlock], shown: [evilCommand] }}
    />
  ),
  OlderBlocks: <OlderBlocksLoaded agentId={EVIL} {...blockPage} canSend />,
  UnfoldedLines: <UnfoldedLines commandId={EVIL} lines={[evilLine]} from={1} until={9_000} />,
  AgainDialog: (
    <AgainDialog command={evilCommand} agents={[evilAgent]} requestId={EVIL} error={EVIL} />
  ),
  AgentRemoved: <AgentRemoved agentId={EVIL} />,
  HistoryPage: <HistoryPage {...{ context, user, query, page }} agents={[evilAgent]} />,
  HistoryOlder: <HistoryOlder query={query} page={page} />,
  CommandPage: (
    <CommandPage
      {...{ context, user, approvals, requestId: EVIL }}
      agent={evilAgent}
      command={evilCommand}
      removal={{ at: 0, reason: 'quota', limit: 1 }}
    />
  ),
  CommandLive: (
    <CommandLive
      {...{ user, approvals, requestId: EVIL, removal: null }}
      agent={evilAgent}
      command={evilCommand}
    />
  ),
  ComparePage: (
    <ComparePage
      context={context}
      user={user}
      agents={[evilAgent]}
      recent={[comparison]}
      comparisonId={EVIL}
    />
  ),
  AgentOptions: <AgentOptions agents={[evilAgent]} />,
  ComparisonPage: <ComparisonPage {...comparisonState} context={context} />,
  ComparisonLive: <ComparisonLive {...comparisonState} />,
  ApprovalsPage: <ApprovalsPage {...{ context, user, pending }} decisions={approvals} />,
  ApprovalList: <ApprovalList {...{ user, pending }} decisions={approvals} />,
  dialogs: (
    <div>
      <AddAgentForm agentId={EVIL} error={EVIL} />
      <AgentAdded registered={registered} hubUrl={EVIL} />
      <RemoveAgentForm agentId={EVIL} error={EVIL} />
    </div>
  ),
  SignInPage: (
    <SignInPage context={context} next={EVIL} providerName={EVIL} username={EVIL} error={EVIL} />
  ),
  UsersPage: <UsersPage context={context} user={user} users={[evilUser]} />,
  userDialogs: (
    <div>
      <AddUserForm username={EVIL} error={EVIL} />
      <ManageUser user={evilUser} notice={{ kind: 'error', text: EVIL }} />
      <PasswordLinkCreated title={EVIL} link={{ username: EVIL, url: EVIL, expiresAt: NOW }} />
    </div>
  ),
  AccountPage: (
    <AccountPage
      {...{ context, user, now: NOW }}
      sessions={[evilSession]}
      tokens={[evilApiToken]}
      recoveryCodes={10}
      hasSingleSignOn={false}
    />
  ),
  SignInFailedPage: <SignInFailedPage context={context} message={EVIL} />,
  SignInCodePage: <SignInCodePage context={context} next={EVIL} token={EVIL} error={EVIL} />,
  TwoFactorSetup: (
    <TwoFactorSetup secret={EVIL} keyUri={EVIL} notice={{ kind: 'error', text: EVIL }} />
  ),
  RecoveryCodes: <RecoveryCodes codes={[EVIL]} />,
  tokenDialogs: (
    <div>
      <AddApiTokenForm role="admin" name={EVIL} expiresInDays={EVIL} error={EVIL} />
      <ApiTokenAdded created={{ ...evilApiToken, token: EVIL }} />
      <AgentTokens
        agentId={EVIL}
        tokens={[evilAgentToken]}
        now={NOW}
        notice={{ kind: 'error', text: EVIL }}
        form={{ name: EVIL, expiresInDays: EVIL }}
      />
      <AgentTokenAdded created={{ ...evilAgentToken, token: EVIL }} />
    </div>
  ),
  queue: (
    <div>
      <Queue
        agent={{ ...evilAgent, paused: { by: EVIL, at: NOW, note: EVIL } }}
        active={[
          command({ ...evilCommand, status: 'queued', error: null, editedBy: EVIL }),
          command({ ...evilCommand, id: 'c3', status: 'queued', error: null, stopReason: 'user' }),
        ]}
        canInterrupt
        canManage
        now={NOW}
      />
      <PauseForm agentId={EVIL} note={EVIL} error={EVIL} />
      <EditCommandForm command={evilCommand} error={EVIL} />
      <PromptsDialog
        prompts={[{ id: EVIL, name: EVIL, text: EVIL, createdAt: NOW, updatedAt: NOW }]}
        name={EVIL}
        error={EVIL}
      />
    </div>
  ),
  PasswordPanel: <PasswordPanel error={EVIL} />,
  ChoosePasswordPage: (
    <ChoosePasswordPage context={context} token={EVIL} username={EVIL} error={EVIL} />
  ),
  SetupPage: <SetupPage context={context} token={EVIL} error={EVIL} />,
  MessagePage: <MessagePage {...{ context, user }} title={EVIL} message={EVIL} />,
  Notice: <Notice kind="error" text={EVIL} />,
  Turn: (
    <div>
      <Turn commandId={EVIL} turn={evilTurn} />
      <Turn commandId={EVIL} />
    </div>
  ),
  TurnChanges: (
    <TurnChanges
      commandId={EVIL}
      turn={evilTurn}
      position={{ parts: 3, nextSequence: 0, hasEnded: false }}
    />
  ),
};

for (const [name, view] of Object.entries(views)) {
  test(`${name} escapes markup`, () => {
    const { html, findAll } = render(view);
    expect(html).toContain('&lt;script>');
    expect(findAll('script:not([src^="/assets/"])')).toEqual([]);
    expect(findAll('img')).toEqual([]);
    expect(findAll('[onerror]')).toEqual([]);
    // Inline styles violate the CSP.
    expect(findAll('[style], style')).toEqual([]);
    const attributes = findAll('*').flatMap((element) => [...element.keys()]);
    expect(attributes.filter((attribute) => /^(hx-)?on/.test(attribute))).toEqual([]);
  });

  test(`${name} links only to this site`, () => {
    const { findAll } = render(view);
    const urls = ['href', 'action', 'hx-get', 'hx-post'].flatMap((attribute) =>
      findAll(`[${attribute}]`).map((element) => element.get(attribute)),
    );
    for (const url of urls) expect(url).toMatch(/^(\/[a-z?]|\/$|#(?:main|command)$)[^<>" ]*$/);
  });
}

test('IDs that are not valid in hx-trigger are not written into it', () => {
  const { findAll } = render(
    <AgentPage {...agentState} page={blockPage} context={context} requestId="r" />,
  );
  const triggers = findAll('[hx-trigger]').map((element) => element.get('hx-trigger'));
  expect(triggers).toEqual([
    'signalbox:agent-status from:body, signalbox:approval from:body, signalbox:refresh from:body, every 10s',
    'intersect root:#session rootMargin:600px once, signalbox:retry',
    'load, signalbox:command-status from:body, signalbox:refresh from:body',
    'change',
    'load, signalbox:agent-status from:body, signalbox:refresh from:body',
  ]);
});
