// The page of the hubs that share the database, with its fragment, for admins.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { HubList, HubsPage } from '../../../views/pages/hubs.tsx';
import { hubsListUrl, hubsUrl } from '../../../views/urls.ts';
import type { RequireUser } from './guard.tsx';
import { redirect, renderDocument, renderFragment } from './response.ts';

export function createHubPages({ hubs, viewFor }: Hub, requireUser: RequireUser) {
  return new Elysia({ name: 'pages/hubs' })
    .get(hubsUrl, ({ request }) =>
      requireUser(request, async (user) => {
        const list = await hubs.list(user);
        const menu = viewFor(user).menu();
        return renderDocument(
          request,
          (context) => <HubsPage {...{ context, user }} hubs={list} />,
          menu,
        );
      }),
    )
    .get(hubsListUrl, ({ request }) =>
      requireUser(request, async (user) =>
        request.headers.has('hx-request')
          ? renderFragment(<HubList hubs={await hubs.list(user)} />)
          : redirect(request, hubsUrl),
      ),
    );
}
