// Creates the users of a hub through its API, as an admin does.
import type { Role } from '../../src/protocol/entities.ts';
import type { PasswordLink } from '../../src/protocol/users.ts';
import { PASSWORD } from './binary.ts';

/**
 * Adds a user and returns the token of the user's first session.
 * @param headers those of an admin
 */
export async function addUser(
  url: string,
  headers: Record<string, string>,
  username: string,
  role: Role,
): Promise<string> {
  const body = JSON.stringify({ username, role });
  const response = await fetch(`${url}/api/v1/users`, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(`Could not add ${username}: ${await response.text()}`);
  return resetPassword(url, headers, username);
}

/** Sets a user's password with a link, and returns the token of the session that this starts. */
export async function resetPassword(
  url: string,
  headers: Record<string, string>,
  username: string,
): Promise<string> {
  const path = `${url}/api/v1/users/${username}/password-link`;
  const link = (await (await fetch(path, { method: 'POST', headers })).json()) as PasswordLink;
  const token = new URL(link.url).searchParams.get('token') ?? '';
  const response = await fetch(`${url}/password`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ token, password: PASSWORD, confirmation: PASSWORD }),
  });
  return /signalbox=([^;]+)/.exec(response.headers.get('set-cookie') ?? '')?.[1] ?? '';
}
