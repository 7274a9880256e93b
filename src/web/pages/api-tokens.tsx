// The API tokens on the account page: the list, the dialog that adds one, and revoking.
import { Elysia } from 'elysia';
import { Value } from '@sinclair/typebox/value';
import type { Hub } from '../../hub/hub.ts';
import type { Identity } from '../../hub/state/dashboard.ts';
import type { Clock } from '../../protocol/clock.ts';
import { Role } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import { AddApiTokenForm, ApiTokenAdded } from '../../../views/components/api-token-dialogs.tsx';
import { ApiTokenList } from '../../../views/components/api-token-list.tsx';
import { REFRESH } from '../../../views/events.ts';
import { parseTokenForm, readField } from './form.ts';
import { type RequireUser, toStatus } from './guard.tsx';
import { redirect, renderFragment } from './response.ts';

export function createApiTokenPages(
  { apiTokens }: Pick<Hub, 'apiTokens'>,
  requireUser: RequireUser,
  { clock }: { clock: Clock },
) {
  const renderList = (user: Identity) =>
    renderFragment(<ApiTokenList tokens={apiTokens.list(user)} now={clock.now()} />);

  return new Elysia({ name: 'pages/api-tokens' })
    .get('/account/tokens', ({ request }) =>
      requireUser(request, (user) =>
        request.headers.has('hx-request') ? renderList(user) : redirect(request, '/account'),
      ),
    )
    .get('/dialogs/add-api-token', ({ request }) =>
      requireUser(request, (user) => renderFragment(<AddApiTokenForm role={user.role} />)),
    )
    .post('/account/tokens', ({ request, body }) =>
      requireUser(request, async (user) => {
        const { form, name, expiresAt } = parseTokenForm(body, clock.now());
        const scope = readField(body, 'role');
        if (name === '' || expiresAt === null || !Value.Check(Role, scope)) {
          throw new HubError('invalid_message', 'Enter a name, a role and an expiry.');
        }
        try {
          const created = await apiTokens.add(user, { name, scope, expiresAt });
          return renderFragment(<ApiTokenAdded created={created} />, {
            headers: { 'hx-trigger': REFRESH },
          });
        } catch (error) {
          if (!(error instanceof HubError)) throw error;
          const props = { ...form, role: user.role, scope, error: error.message };
          return renderFragment(<AddApiTokenForm {...props} />, { status: toStatus(error) });
        }
      }),
    )
    .post('/account/tokens/:id/revoke', ({ request, params }) =>
      requireUser(request, (user) => {
        apiTokens.revoke(user, params.id);
        return renderList(user);
      }),
    );
}
