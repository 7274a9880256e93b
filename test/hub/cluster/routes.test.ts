// Requests that the owner of an agent handles while the agent moves to another hub.
import { expect, test } from 'bun:test';
import { createSharedOwnership } from '../../../src/hub/cluster/ownership.ts';
import { createRouter } from '../../../src/hub/cluster/routes.ts';
import { rejectionOf } from '../../support/rejection.ts';

const AGENT = 'agent';

/** Routes a request to a handler that does not end, and loses its agent. */
function startRequest(isRepeatable: boolean) {
  const ownership = createSharedOwnership({
    notify: () => undefined,
    refresh: () => Promise.resolve(),
  });
  const router = createRouter({ cluster: {} as never, hubId: 'hub', ownership });
  router.connect({
    calls: {} as never,
    claims: { inProgress: () => undefined } as never,
    mirror: { ownerOf: () => undefined, forgetOwner: () => undefined },
  });
  let calls = 0;
  const request = router.route(
    'method',
    () => AGENT,
    async () => {
      calls += 1;
      if (calls === 1) {
        ownership.lose(AGENT);
        ownership.gain(AGENT, 3);
        await new Promise(() => undefined);
      }
      return 'done';
    },
    { isRepeatable },
  );
  ownership.gain(AGENT, 1);
  return { request: request(), count: () => calls };
}

test('what may be done twice is done again by the next owner', async () => {
  const { request, count } = startRequest(true);
  expect(await request).toBe('done');
  expect(count()).toBe(2);
});

test('what must not be done twice is not tried again', async () => {
  const { request, count } = startRequest(false);
  expect(await rejectionOf(request)).toContain('check this before you try again');
  expect(count()).toBe(1);
});
