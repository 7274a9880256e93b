// The audit log, newest first, with filters, for admins.
import type { AuditEntry, AuditPage, AuditQuery } from '../../src/protocol/audit.ts';
import { AuditFilters } from '../components/audit-filters.tsx';
import { HxPartial } from '../components/hx-partial.tsx';
import { LoadMore } from '../components/load-more.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { Timestamp } from '../components/timestamp.tsx';
import { shortenId } from '../format/units.ts';
import { agentUrl, auditUrl, commandUrl } from '../urls.ts';

interface AuditProps {
  query: AuditQuery;
  page: AuditPage;
}

interface AuditLogPageProps extends AuditProps {
  context: PageContext;
  user: User;
}

/** The page at `/audit`. */
export function AuditLogPage({ context, user, query, page }: AuditLogPageProps) {
  return (
    <Page context={context} user={user} title="Audit log" section="audit">
      <div class="page-header">
        <h1>Audit log</h1>
      </div>
      <AuditFilters query={query} />
      <AuditList query={query} page={page} />
    </Page>
  );
}

export function AuditList({ query, page }: AuditProps) {
  return (
    <section id="audit" aria-label="Audit log">
      <p class="hint audit-export">
        <a href={auditUrl(query, '/audit.csv')} download>
          Download as CSV
        </a>
      </p>
      {page.items.length === 0 && (
        <div class="empty">
          <h2>No matching entries</h2>
          <p>
            <a href={auditUrl()}>Clear filters</a>
          </p>
        </div>
      )}
      <ul id="audit-rows" class="rows">
        <AuditRows page={page} />
      </ul>
      <LoadOlder query={query} nextCursor={page.nextCursor} />
    </section>
  );
}

/** The response of `/audit/older`: adds rows below. */
export function AuditOlder({ query, page }: AuditProps) {
  return (
    <>
      <HxPartial target="#audit-rows" swap="beforeend">
        <AuditRows page={page} />
      </HxPartial>
      <HxPartial target="#audit-more" swap="outerHTML">
        <LoadOlder query={query} nextCursor={page.nextCursor} />
      </HxPartial>
    </>
  );
}

function AuditRows({ page }: { page: AuditPage }) {
  return (
    <>
      {page.items.map((entry) => (
        <AuditRow key={entry.id} entry={entry} />
      ))}
    </>
  );
}

function AuditRow({ entry }: { entry: AuditEntry }) {
  const { id, time, action, address, credentialId, detail } = entry;
  const facts = Object.entries(detail)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`);
  return (
    <li id={`entry-${id}`} class="row audit-row">
      <code class="audit-action">{action}</code>
      <span class="audit-actor">
        <Actor entry={entry} />
        {address !== null && <span class="hint mono"> {address}</span>}
        {credentialId !== null && (
          <span class="hint mono" title={`Session or token ${credentialId}`}>
            {' '}
            {shortenId(credentialId)}
          </span>
        )}
      </span>
      <span class="audit-target">
        <Target entry={entry} />
        {facts.length > 0 && <span class="hint"> {facts.join(', ')}</span>}
      </span>
      <span class="row-date">
        <Timestamp at={time} as="clock" />
      </span>
    </li>
  );
}

function Actor({ entry: { actor, actorKind } }: { entry: AuditEntry }) {
  if (actor === null) return <i>{actorKind === 'system' ? 'System' : `Unknown ${actorKind}`}</i>;
  if (actorKind === 'agent') return <a href={agentUrl(actor)}>{actor}</a>;
  return <a href={auditUrl({ actor })}>{actor}</a>;
}

function Target({ entry: { action, target } }: { entry: AuditEntry }) {
  if (target === null) return null;
  if (action.startsWith('agent.')) return <a href={agentUrl(target)}>{target}</a>;
  if (/^(?:command|terminal|approval)\./.test(action)) {
    return (
      <a class="mono" href={commandUrl(target)} title={target}>
        {shortenId(target)}
      </a>
    );
  }
  return <a href={`/users#user-${target}`}>{target}</a>;
}

function LoadOlder({ query, nextCursor }: { query: AuditQuery; nextCursor: string | null }) {
  const older = nextCursor === null ? null : { ...query, cursor: nextCursor };
  const next = older && { url: auditUrl(older), fragmentUrl: auditUrl(older, '/audit/older') };
  return <LoadMore id="audit-more" label="Load older" next={next} />;
}
