// The link with which a user chooses a password, for the API and the page.
import type { Hub } from '../hub/hub.ts';
import type { Identity } from '../hub/state/dashboard.ts';
import type { PasswordLink } from '../protocol/users.ts';
import { createPasswordUrl } from '../../views/urls.ts';

/**
 * Creates a link for a user.
 * @param baseUrl the hub's URL for browsers
 * @throws {HubError} forbidden, user_unknown, unavailable
 */
export async function createPasswordLink(
  { accounts }: Pick<Hub, 'accounts'>,
  actor: Identity,
  username: string,
  baseUrl: string,
): Promise<PasswordLink> {
  const { token, expiresAt } = await accounts.createPasswordLink(actor, username);
  return { username, url: createPasswordUrl(baseUrl, token), expiresAt };
}
