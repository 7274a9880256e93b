// The history and a command's page, with their fragments, and the form that stops a command.
import { Elysia } from 'elysia';
import { CommandLive, CommandPage } from '../../../views/pages/command.tsx';
import { historyAddress } from '../../../views/addresses.ts';
import { REFRESH } from '../../../views/events.ts';
import { HistoryList, HistoryOlder, HistoryPage } from '../../../views/pages/history.tsx';
import { NotFoundPage } from '../../../views/pages/not-found.tsx';
import { Notice } from '../../../views/components/notice.tsx';
import { document, fragment, redirect } from './response.ts';
import { commandQuery } from './form.ts';
import { type Enter, requireRole } from './guard.tsx';
import type { PageSource } from './page-source.ts';

/** The routes about commands. */
export function createCommandPages(source: PageSource, enter: Enter) {
  return new Elysia({ name: 'pages/commands' })
    .get('/history', ({ request }) =>
      enter(request, async (reader) => {
        const query = commandQuery(request);
        const page = await source.history(query);
        const agents = source.agents();
        return document(
          request,
          (frame) => <HistoryPage {...{ frame, reader, agents, query, page }} />,
          { waiting: source.approvals().length },
        );
      }),
    )
    .get('/history/list', ({ request }) =>
      enter(request, async () => {
        const query = commandQuery(request);
        const page = await source.history(query);
        const headers = { 'hx-replace-url': historyAddress(query) };
        return fragment(<HistoryList {...{ query, page }} />, { headers });
      }),
    )
    .get('/history/older', ({ request }) =>
      enter(request, async () => {
        const query = commandQuery(request);
        return fragment(<HistoryOlder query={query} page={await source.history(query)} />);
      }),
    )
    .get('/commands/:id', ({ request, params }) =>
      enter(request, async (reader) => {
        const command = await source.command(params.id);
        if (!command) {
          const what = 'No command has this id.';
          return document(request, (frame) => <NotFoundPage {...{ frame, reader, what }} />, {
            status: 404,
          });
        }
        const output = source.outputState(command.id);
        const approvals = await source.approvalsOf(command.id);
        return document(
          request,
          (frame) => <CommandPage {...{ frame, reader, command, output, approvals }} />,
          { waiting: source.approvals().length },
        );
      }),
    )
    .get('/commands/:id/live', ({ request, params }) =>
      enter(request, async (reader) => {
        const command = await source.command(params.id);
        if (!command) return redirect(request, '/history');
        const output = source.outputState(command.id);
        const approvals = await source.approvalsOf(command.id);
        return fragment(<CommandLive {...{ reader, command, output, approvals }} />);
      }),
    )
    .post('/commands/:id/interrupt', ({ request, params }) =>
      enter(request, async (who) => {
        requireRole(who, 'operator');
        const before = await source.command(params.id);
        await source.interrupt(who, params.id);
        const text = before?.status === 'queued' ? 'Taken off the queue.' : 'Told to stop.';
        return fragment(<Notice kind="done" text={text} />, { headers: { 'hx-trigger': REFRESH } });
      }),
    );
}
