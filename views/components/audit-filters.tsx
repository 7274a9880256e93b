// The filters of the audit log. Without scripts they are a plain form.
import { AuditAction, type AuditQuery } from '../../src/protocol/audit.ts';
import { auditUrl } from '../urls.ts';

const DAY_MS = 86_400_000;

/** A day in UTC, as the browser's date field writes it. */
const toDay = (time: number) => new Date(time).toISOString().slice(0, 10);

export function AuditFilters({ query }: { query: AuditQuery }) {
  const { since, until, actor, action, target } = query;
  return (
    <form
      class="filters audit-filters"
      role="search"
      method="get"
      action={auditUrl()}
      hx-get={auditUrl({}, '/audit/list')}
      hx-trigger="submit, change, input delay:300ms"
      hx-target="#audit"
      hx-swap="outerMorph"
      hx-sync="this:replace"
    >
      <label class="filter">
        <span class="visually-hidden">Action</span>
        <select name="action">
          <option value="">All actions</option>
          {AuditAction.anyOf.map(({ const: value }) => (
            <option key={value} value={value} selected={value === action}>
              {value}
            </option>
          ))}
        </select>
      </label>
      <label class="filter">
        <span class="visually-hidden">User or agent</span>
        <input name="actor" value={actor ?? ''} maxlength={128} placeholder="User or agent" />
      </label>
      <label class="filter">
        <span class="visually-hidden">Target</span>
        <input name="target" value={target ?? ''} maxlength={128} placeholder="Target" />
      </label>
      <label class="filter">
        <span>From (UTC)</span>
        <input type="date" name="from" value={since === undefined ? '' : toDay(since)} />
      </label>
      <label class="filter">
        <span>to</span>
        <input type="date" name="to" value={until === undefined ? '' : toDay(until - DAY_MS)} />
      </label>
      <noscript>
        <button class="button" type="submit">
          Apply filters
        </button>
      </noscript>
    </form>
  );
}
