// Who is signed in: what the browser keeps for a user is not for the next one who signs in.

/** Returns the ID of the signed-in user, which the server renders (views/components/layout.tsx). */
export function readUserId(page: Document): string {
  return page.body.dataset['user'] ?? '';
}
