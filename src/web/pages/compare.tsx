// Comparisons of agents: the form, the list of recent ones, and the page of one, with their fragments.
import { Elysia } from 'elysia';
import { Value } from '@sinclair/typebox/value';
import type { Hub } from '../../hub/hub.ts';
import type { View } from '../../hub/view.ts';
import { compareUrl } from '../../../views/urls.ts';
import {
  AgentOptions,
  ComparePage,
  type Comparison,
  RecentComparisons,
} from '../../../views/pages/compare.tsx';
import { ComparisonLive, ComparisonPage } from '../../../views/pages/comparison.tsx';
import { ComparisonBody } from '../../protocol/api.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import { listPendingCards } from './approvals.tsx';
import { parseCommandForm, readField, readFields } from './form.ts';
import { offerQueue, type RequireUser } from './guard.tsx';
import { renderNotFound } from './message.tsx';
import { redirect, renderDocument, renderFragment } from './response.ts';

/** Number of commands that are grouped into recent comparisons. */
const RECENT_COMMANDS = 60;

export function createComparePages(hub: Hub, requireUser: RequireUser) {
  return new Elysia({ name: 'pages/compare' })
    .get('/compare', ({ request }) =>
      requireUser(request, async (user) => {
        const view = hub.viewFor(user);
        const agents = view.registry.list();
        const recent = await listRecent(view);
        const comparisonId = Bun.randomUUIDv7();
        return renderDocument(
          request,
          (context) => <ComparePage {...{ context, user, agents, recent, comparisonId }} />,
          hub.viewFor(user).menu(),
        );
      }),
    )
    .get('/compare/agents', ({ request }) =>
      requireUser(request, (user) =>
        renderFragment(<AgentOptions agents={hub.viewFor(user).registry.list()} />),
      ),
    )
    .get('/compare/recent', ({ request }) =>
      requireUser(request, async (user) =>
        renderFragment(<RecentComparisons recent={await listRecent(hub.viewFor(user))} />),
      ),
    )
    .post('/compare', ({ request, body }) =>
      requireUser(request, async (user) => {
        return offerQueue('compare', async () => {
          const { comparisonId } = await hub.commands.compare(user, parseComparisonForm(body));
          return redirect(request, compareUrl(comparisonId));
        });
      }),
    )
    .get('/compare/:id', ({ request, params }) =>
      requireUser(request, async (user) => {
        const state = await getComparisonState(hub.viewFor(user), params.id);
        if (!state) {
          const message = 'There is no comparison with this ID.';
          return renderNotFound(request, user, 'Comparison not found', message);
        }
        return renderDocument(
          request,
          (context) => <ComparisonPage {...state} context={context} user={user} />,
          hub.viewFor(user).menu(),
        );
      }),
    )
    .get('/compare/:id/live', ({ request, params }) =>
      requireUser(request, async (user) => {
        const state = await getComparisonState(hub.viewFor(user), params.id);
        return state
          ? renderFragment(<ComparisonLive {...state} user={user} />)
          : redirect(request, compareUrl());
      }),
    );
}

/**
 * Parses the comparison form. The `comparisonId` is derived from the form's ID, the agents and the command: submitting
 * a form twice creates one comparison, submitting it with different content creates another.
 * @throws {HubError} invalid_message
 */
function parseComparisonForm(form: unknown): ComparisonBody {
  const { agentId: _, requestId: __, ...command } = parseCommandForm('', form);
  const agentIds = [...new Set(readFields(form, 'agentId'))];
  const content = [readField(form, 'comparisonId'), agentIds.toSorted(), command];
  const body = { ...command, agentIds, comparisonId: createUuid(JSON.stringify(content)) };
  if (agentIds.length < 2) {
    throw new HubError('invalid_message', 'Choose at least two agents.');
  }
  if (Value.Check(ComparisonBody, body)) return body;
  throw new HubError('invalid_message', 'Choose at most ten agents.');
}

/** Derives a UUID from a string. */
function createUuid(text: string): string {
  const digits = new Bun.CryptoHasher('sha256').update(text).digest('hex');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5');
}

/** Returns the recent comparisons, newest first. */
async function listRecent(view: View): Promise<Comparison[]> {
  const { items } = await view.history.listPage({ compared: true, limit: RECENT_COMMANDS });
  const byId = Map.groupBy(items, ({ comparisonId }) => comparisonId ?? '');
  return [...byId].flatMap(([id, commands]) => toComparison(id, commands) ?? []);
}

/** @param newestFirst the comparison's commands */
function toComparison(
  comparisonId: string,
  newestFirst: CommandExecution[],
): Comparison | undefined {
  const [first, ...others] = newestFirst.toReversed();
  return first && { comparisonId, commands: [first, ...others] };
}

async function getComparisonState(view: View, comparisonId: string) {
  const { items } = await view.history.listPage({ comparisonId, limit: RECENT_COMMANDS });
  const comparison = toComparison(comparisonId, items);
  if (!comparison) return undefined;
  const columns = await Promise.all(
    comparison.commands.map(async (command) => ({
      command,
      removal: await view.history.findRemoval(command.id),
      agent: view.registry.find(command.agentId) ?? null,
    })),
  );
  const approvals = comparison.commands.flatMap(({ id }) =>
    view.approvals.listPending({ commandId: id }),
  );
  const pending = listPendingCards(view, approvals);
  return { comparison, columns, pending };
}
