// The page of the audit log, with its fragments and its download, for admins.
import { Elysia } from 'elysia';
import { Value } from '@sinclair/typebox/value';
import type { Hub } from '../../hub/hub.ts';
import { AuditAction, AuditQuery } from '../../protocol/audit.ts';
import { PAGE_LENGTH } from '../../protocol/limits.ts';
import { AuditList, AuditLogPage, AuditOlder } from '../../../views/pages/audit.tsx';
import { auditUrl } from '../../../views/urls.ts';
import { exportAudit } from '../audit-export.ts';
import type { RequireUser } from './guard.tsx';
import { renderDocument, renderFragment } from './response.ts';

const DAY_MS = 86_400_000;

export function createAuditPages(hub: Hub, requireUser: RequireUser) {
  return new Elysia({ name: 'pages/audit' })
    .get('/audit', ({ request }) =>
      requireUser(request, async (user) => {
        const query = parseAuditQuery(request);
        const page = await hub.audit.listPage(user, query);
        return renderDocument(
          request,
          (context) => <AuditLogPage {...{ context, user, query, page }} />,
          hub.viewFor(user).menu(),
        );
      }),
    )
    .get('/audit/list', ({ request }) =>
      requireUser(request, async (user) => {
        const query = parseAuditQuery(request);
        const page = await hub.audit.listPage(user, query);
        const headers = { 'hx-replace-url': auditUrl(query) };
        return renderFragment(<AuditList query={query} page={page} />, { headers });
      }),
    )
    .get('/audit/older', ({ request }) =>
      requireUser(request, async (user) => {
        const query = parseAuditQuery(request);
        const page = await hub.audit.listPage(user, query);
        return renderFragment(<AuditOlder query={query} page={page} />);
      }),
    )
    .get('/audit.csv', ({ request }) =>
      requireUser(request, (user) => exportAudit(hub, user, parseAuditQuery(request), 'csv')),
    );
}

/** Parses the filters in the URL. Ignores invalid ones. */
function parseAuditQuery(request: Request): AuditQuery {
  const search = new URL(request.url).searchParams;
  const since = Date.parse(search.get('from') ?? '');
  const lastDay = Date.parse(search.get('to') ?? '');
  const action = search.get('action');
  const actor = search.get('actor')?.trim().slice(0, 128);
  const target = search.get('target')?.trim().slice(0, 128);
  const cursor = search.get('cursor');
  return {
    limit: PAGE_LENGTH,
    ...(since >= 0 && { since }),
    ...(lastDay >= 0 && { until: lastDay + DAY_MS }),
    ...(Value.Check(AuditAction, action) && { action }),
    ...(actor && { actor }),
    ...(target && { target }),
    ...(Value.Check(AuditQuery.properties.cursor, cursor) && { cursor }),
  };
}
