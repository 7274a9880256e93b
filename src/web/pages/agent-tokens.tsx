// The dialog of an agent's tokens, for admins.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { Identity } from '../../hub/state/dashboard.ts';
import type { Clock } from '../../protocol/clock.ts';
import { HubError } from '../../protocol/errors.ts';
import { AgentTokenAdded, AgentTokens } from '../../../views/components/agent-token-dialogs.tsx';
import { parseTokenForm } from './form.ts';
import { type RequireUser, toStatus } from './guard.tsx';
import { renderFragment } from './response.ts';

export function createAgentTokenPages(
  { agentTokens }: Pick<Hub, 'agentTokens'>,
  requireUser: RequireUser,
  { clock }: { clock: Clock },
) {
  const listFor = (user: Identity, agentId: string) => ({
    agentId,
    tokens: agentTokens.list(user, agentId),
    now: clock.now(),
  });

  return new Elysia({ name: 'pages/agent-tokens', prefix: '/agents/:id/tokens' })
    .get('/', ({ request, params: { id } }) =>
      requireUser(request, (user) => renderFragment(<AgentTokens {...listFor(user, id)} />)),
    )
    .post('/', ({ request, params: { id }, body }) =>
      requireUser(request, async (user) => {
        const { form, name, expiresAt } = parseTokenForm(body, clock.now());
        try {
          const created = await agentTokens.add(user, id, {
            ...(name !== '' && { name }),
            ...(expiresAt !== null && { expiresAt }),
          });
          return renderFragment(<AgentTokenAdded created={created} />);
        } catch (error) {
          if (!(error instanceof HubError) || error.code === 'agent_unknown') throw error;
          const notice = { kind: 'error', text: error.message } as const;
          const view = <AgentTokens {...listFor(user, id)} notice={notice} form={form} />;
          return renderFragment(view, { status: toStatus(error) });
        }
      }),
    )
    .post('/:tokenId/revoke', ({ request, params: { id, tokenId } }) =>
      requireUser(request, (user) => {
        agentTokens.revoke(user, id, tokenId);
        const notice = { kind: 'success', text: 'Token revoked.' } as const;
        return renderFragment(<AgentTokens {...listFor(user, id)} notice={notice} />);
      }),
    );
}
