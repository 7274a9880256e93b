// The page of the signed-in user's account, with the forms that change the password and end sessions.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { Clock } from '../../protocol/clock.ts';
import { HubError } from '../../protocol/errors.ts';
import { AccountPage, PasswordPanel, SessionList } from '../../../views/pages/account.tsx';
import type { Auth } from '../auth.ts';
import { listSessions } from '../session-list.ts';
import { findPasswordProblem } from './choose-password.tsx';
import { readField } from './form.ts';
import { type RequireUser, toStatus } from './guard.tsx';
import { redirect, renderDocument, renderFragment } from './response.ts';

export function createAccountPages(
  hub: Hub,
  requireUser: RequireUser,
  { auth, clock }: { auth: Auth; clock: Clock },
) {
  return new Elysia({ name: 'pages/account' })
    .get('/account', ({ request }) =>
      requireUser(request, async (user) => {
        const sessions = listSessions(hub, user);
        const recoveryCodes = await hub.twoFactor.countRecoveryCodes(user.userId);
        const hasSingleSignOn = await hub.singleSignOn.hasUser(user.userId);
        return renderDocument(
          request,
          (context) => (
            <AccountPage
              {...{ context, user, sessions, recoveryCodes, hasSingleSignOn }}
              tokens={hub.apiTokens.list(user)}
              now={clock.now()}
            />
          ),
          hub.viewFor(user).menu(),
        );
      }),
    )
    .post('/account/password', ({ request, server, body }) =>
      requireUser(request, async (user) => {
        const renderError = (error: string, status = 422) =>
          renderFragment(<PasswordPanel error={error} />, { status });
        const problem = findPasswordProblem(body);
        if (problem !== null) return renderError(problem);
        const passwords = {
          currentPassword: readField(body, 'currentPassword'),
          newPassword: readField(body, 'password'),
        };
        try {
          await auth.changePassword(user, passwords, auth.readClient(request, server));
        } catch (error) {
          if (error instanceof HubError) return renderError(error.message, toStatus(error));
          throw error;
        }
        return renderFragment(<PasswordPanel isChanged />);
      }),
    )
    .post('/account/sessions/end', ({ request }) =>
      requireUser(request, (user) => {
        hub.sessions.endAll(user, user.userId);
        return redirect(request, '/login');
      }),
    )
    .post('/account/sessions/:id/end', ({ request, params }) =>
      requireUser(request, (user) => {
        hub.sessions.end(user, params.id);
        return renderFragment(<SessionList sessions={listSessions(hub, user)} />);
      }),
    );
}
