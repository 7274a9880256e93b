// Comparing agents: the form, what came of it, and its fragments.
import { Elysia } from 'elysia';
import { Value } from '@sinclair/typebox/value';
import { compareAddress } from '../../../views/addresses.ts';
import {
  CompareAgents,
  ComparePage,
  type Comparison,
  RecentComparisons,
} from '../../../views/pages/compare.tsx';
import { ComparisonLive, ComparisonPage } from '../../../views/pages/comparison.tsx';
import { NotFoundPage } from '../../../views/pages/not-found.tsx';
import { ComparisonBody } from '../../protocol/api.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import { document, fragment, redirect } from './response.ts';
import { openQuestions } from './approvals.tsx';
import { commandBody, field, fields } from './form.ts';
import { type Enter, requireRole } from './guard.tsx';
import type { Identity, PageSource } from './page-source.ts';

/** Of how many commands the last comparisons are looked for. */
const RECENT = 60;

/** The routes about comparisons. */
export function createComparePages(source: PageSource, enter: Enter) {
  return new Elysia({ name: 'pages/compare' })
    .get('/compare', ({ request }) =>
      enter(request, async (reader) => {
        const state = { reader, agents: source.agents(), recent: await recent(source) };
        const comparisonId = Bun.randomUUIDv7();
        return document(
          request,
          (frame) => <ComparePage {...state} {...{ frame, comparisonId }} />,
          {
            waiting: source.approvals().length,
          },
        );
      }),
    )
    .get('/compare/agents', ({ request }) =>
      enter(request, () => fragment(<CompareAgents agents={source.agents()} />)),
    )
    .get('/compare/recent', ({ request }) =>
      enter(request, async () => fragment(<RecentComparisons recent={await recent(source)} />)),
    )
    .post('/compare', ({ request, body }) =>
      enter(request, async (who) => {
        requireRole(who, 'operator');
        const { comparisonId } = await source.compare(who, comparisonBody(body));
        return redirect(request, compareAddress(comparisonId));
      }),
    )
    .get('/compare/:id', ({ request, params }) =>
      enter(request, async (reader) => {
        const state = await comparisonState(source, reader, params.id);
        if (!state) {
          const what = 'No comparison has this id.';
          return document(request, (frame) => <NotFoundPage {...{ frame, reader, what }} />, {
            status: 404,
          });
        }
        return document(request, (frame) => <ComparisonPage {...state} frame={frame} />, {
          waiting: source.approvals().length,
        });
      }),
    )
    .get('/compare/:id/live', ({ request, params }) =>
      enter(request, async (reader) => {
        const state = await comparisonState(source, reader, params.id);
        return state
          ? fragment(<ComparisonLive {...state} />)
          : redirect(request, compareAddress());
      }),
    );
}

/** A UUID that says the same as a text. */
function uuidOf(text: string): string {
  const digits = new Bun.CryptoHasher('sha256').update(text).digest('hex');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5');
}

/**
 * Its name is the form's, and that of what is in it: the same form sent twice is one comparison, the same form with
 * another text, or for other agents, is another.
 * @throws {HubError} `invalid_message`
 */
function comparisonBody(form: unknown): ComparisonBody {
  const { agentId: _, requestId: __, ...body } = commandBody('', form);
  const agentIds = [...new Set(fields(form, 'agentId'))];
  const name = JSON.stringify([field(form, 'comparisonId'), agentIds.toSorted(), body]);
  const asked = { ...body, agentIds, comparisonId: uuidOf(name) };
  if (asked.agentIds.length < 2) {
    throw new HubError('invalid_message', 'Choose at least two agents.');
  }
  if (Value.Check(ComparisonBody, asked)) return asked;
  throw new HubError('invalid_message', 'At most ten agents can be compared: load the page anew.');
}

/** The last comparisons, newest first. */
async function recent(source: PageSource): Promise<Comparison[]> {
  const { items } = await source.history({ compared: true, limit: RECENT });
  const byId = Map.groupBy(items, ({ comparisonId }) => comparisonId ?? '');
  return [...byId].flatMap(([comparisonId, commands]) => comparison(comparisonId, commands) ?? []);
}

/** @param newest its commands, newest first */
function comparison(comparisonId: string, newest: CommandExecution[]): Comparison | undefined {
  const [first, ...others] = newest.toReversed();
  return first && { comparisonId, commands: [first, ...others] };
}

async function comparisonState(source: PageSource, reader: Identity, comparisonId: string) {
  const { items } = await source.history({ comparisonId, limit: RECENT });
  const found = comparison(comparisonId, items);
  if (!found) return undefined;
  const lanes = found.commands.map((command) => ({
    command,
    output: source.outputState(command.id),
    agentType: source.agent(command.agentId)?.agentType ?? null,
  }));
  const ids = new Set(found.commands.map(({ id }) => id));
  const questions = openQuestions(source).filter(({ approval }) => ids.has(approval.commandId));
  return { reader, comparison: found, lanes, questions };
}
