// The forms of the account page that set up two-factor sign-in and turn it off.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { Identity } from '../../hub/state/dashboard.ts';
import { HubError } from '../../protocol/errors.ts';
import {
  RecoveryCodes,
  TwoFactorPanel,
  TwoFactorSetup,
} from '../../../views/components/two-factor.tsx';
import type { Auth } from '../auth.ts';
import { readField } from './form.ts';
import type { RequireUser } from './guard.tsx';
import { redirect, renderFragment } from './response.ts';

export function createTwoFactorPages(
  { twoFactor }: Pick<Hub, 'twoFactor'>,
  requireUser: RequireUser,
  auth: Auth,
) {
  const countCodes = ({ userId }: Identity) => twoFactor.countRecoveryCodes(userId);

  /** Renders the panel again with the reason why a change is rejected. */
  async function orError(user: Identity, handle: () => Promise<Response>): Promise<Response> {
    try {
      return await handle();
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      const notice = { kind: 'error', text: error.message } as const;
      const panel = <TwoFactorPanel recoveryCodes={await countCodes(user)} notice={notice} />;
      // Not 403, which means that the role does not allow it.
      return renderFragment(panel, { status: error.code === 'rate_limited' ? 429 : 422 });
    }
  }

  return new Elysia({ name: 'pages/two-factor' })
    .get('/account/two-factor', ({ request }) =>
      requireUser(request, async (user) =>
        request.headers.has('hx-request')
          ? renderFragment(<TwoFactorPanel recoveryCodes={await countCodes(user)} />)
          : redirect(request, '/account'),
      ),
    )
    .post('/account/two-factor/setup', ({ request }) =>
      requireUser(request, (user) =>
        orError(user, async () =>
          renderFragment(<TwoFactorSetup {...await twoFactor.beginSetup(user.userId)} />),
        ),
      ),
    )
    .post('/account/two-factor', ({ request, body }) =>
      requireUser(request, (user) =>
        orError(user, async () => {
          const codes = await twoFactor.finishSetup(user, readField(body, 'code'));
          if (codes) return renderFragment(<RecoveryCodes codes={codes} />);
          const setup = await twoFactor.findSetup(user.userId);
          if (!setup) throw new HubError('forbidden', 'The setup has expired. Start again.');
          const notice = { kind: 'error', text: 'Incorrect code.' } as const;
          return renderFragment(<TwoFactorSetup {...setup} notice={notice} />, { status: 422 });
        }),
      ),
    )
    .post('/account/two-factor/off', ({ request, server, body }) =>
      requireUser(request, (user) =>
        orError(user, async () => {
          await auth.turnOffTwoFactor(
            user,
            readField(body, 'currentPassword'),
            readField(body, 'code'),
            auth.readClient(request, server),
          );
          const notice = { kind: 'success', text: 'Two-factor sign-in is off.' } as const;
          return renderFragment(<TwoFactorPanel recoveryCodes={null} notice={notice} />);
        }),
      ),
    );
}
