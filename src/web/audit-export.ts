// Exports the audit log as CSV or as JSON lines: everything that matches, a page at a time.
import type { Hub } from '../hub/hub.ts';
import type { Identity } from '../hub/state/dashboard.ts';
import type { AuditEntry, AuditQuery } from '../protocol/audit.ts';
import { formatCsvRow } from './csv.ts';

const formats = {
  csv: {
    type: 'text/csv; charset=utf-8',
    header: formatCsvRow([
      'time',
      'action',
      'actorKind',
      'actor',
      'target',
      'address',
      'credentialId',
      'detail',
      'id',
    ]),
    row: ({ time, action, actorKind, actor, target, ...rest }: AuditEntry) =>
      formatCsvRow([
        new Date(time).toISOString(),
        action,
        actorKind,
        actor,
        target,
        rest.address,
        rest.credentialId,
        JSON.stringify(rest.detail),
        rest.id,
      ]),
  },
  ndjson: {
    type: 'application/x-ndjson',
    header: '',
    row: (entry: AuditEntry) => `${JSON.stringify(entry)}\n`,
  },
};

export type ExportFormat = keyof typeof formats;

/** Returns the format that a request accepts; null for a page of JSON. */
export function readExportFormat(request: Request): ExportFormat | null {
  const accept = request.headers.get('accept') ?? '';
  if (accept.includes('text/csv')) return 'csv';
  return accept.includes('application/x-ndjson') ? 'ndjson' : null;
}

/**
 * Responds with all entries that match, newest first. The next page is read when the client has taken the previous one.
 * @throws {HubError} forbidden, unavailable
 */
export async function exportAudit(
  { audit }: Pick<Hub, 'audit'>,
  identity: Identity,
  query: AuditQuery,
  format: ExportFormat,
): Promise<Response> {
  const { type, header, row } = formats[format];
  const pages = await audit.export(identity, query, format);
  const encoder = new TextEncoder();
  let isFirst = true;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value = [] } = await pages.next();
        const text = (isFirst ? header : '') + value.map((entry) => row(entry)).join('');
        isFirst = false;
        if (text !== '') controller.enqueue(encoder.encode(text));
        if (done) controller.close();
      },
      async cancel() {
        await pages.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  const extension = format === 'csv' ? 'csv' : 'ndjson';
  return new Response(body, {
    headers: {
      'content-type': type,
      'content-disposition': `attachment; filename="signalbox-audit.${extension}"`,
      'x-content-type-options': 'nosniff',
    },
  });
}
