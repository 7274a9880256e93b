// Every page, as one plugin. It is given the hub and auth as two narrow interfaces, and calls what the API calls.
import { Elysia } from 'elysia';
import { NotFoundPage } from '../../../views/pages/not-found.tsx';
import { createAssets } from '../assets.ts';
import { createAgentPages } from './agents.tsx';
import { document } from './response.ts';
import { createApprovalPages } from './approvals.tsx';
import { createCommandPages } from './commands.tsx';
import { createComparePages } from './compare.tsx';
import { createDoor } from './login.tsx';
import { createGate } from './guard.tsx';
import type { PageAuth, PageSource } from './page-source.ts';

/** The pages, their fragments and forms, and the files they load. */
export function createPages(source: PageSource, auth: PageAuth) {
  const enter = createGate(auth);
  return new Elysia({ name: 'pages' })
    .use(createAssets())
    .use(createDoor(auth))
    .use(createAgentPages(source, auth, enter))
    .use(createCommandPages(source, enter))
    .use(createComparePages(source, enter))
    .use(createApprovalPages(source, enter));
}

/** The page for an address that nobody serves, for the application's own `onError`. */
export function createNotFound(auth: PageAuth): (request: Request) => Promise<Response> {
  const enter = createGate(auth);
  return (request) =>
    enter(request, (reader) => {
      const what = 'There is no page at this address.';
      return document(request, (frame) => <NotFoundPage {...{ frame, reader, what }} />, {
        status: 404,
      });
    });
}
