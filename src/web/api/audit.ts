// The API of the audit log, for admins.
import { Elysia, t } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { AuditQuery } from '../../protocol/audit.ts';
import { exportAudit, readExportFormat } from '../audit-export.ts';
import type { Auth } from '../auth.ts';

/** `AuditQuery` as sent in a URL, where numbers are strings. */
const AuditListQuery = t.Object({
  ...AuditQuery.properties,
  since: t.Optional(t.Numeric({ minimum: 0, multipleOf: 1 })),
  until: t.Optional(t.Numeric({ minimum: 0, multipleOf: 1 })),
  limit: t.Optional(t.Numeric({ minimum: 1, maximum: 200, multipleOf: 1 })),
});

export interface AuditApiParts {
  hub: Pick<Hub, 'audit'>;
  auth: Auth;
}

export function createAuditApi({ hub, auth }: AuditApiParts) {
  return new Elysia({ name: 'api/audit', prefix: '/api/v1/audit' }).get(
    '/',
    async ({ request, query }) => {
      const identity = await auth.requireIdentity(request);
      const format = readExportFormat(request);
      return format === null
        ? hub.audit.listPage(identity, query)
        : exportAudit(hub, identity, query, format);
    },
    { query: AuditListQuery },
  );
}
