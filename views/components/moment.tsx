// A moment. The server does not know the reader's time zone: it writes UTC, and the island's <local-time> shows the rest.

/** `ago`: "12 s ago". `clock`: date and time of day. `elapsed`: a running "1:12". */
type As = 'ago' | 'clock' | 'elapsed';

/** A moment in Unix milliseconds, shown in the reader's own time once the island is there. */
export function Moment({ at, as = 'ago' }: { at: number; as?: As }) {
  return (
    <local-time at={at} as={as}>
      {utc(at)}
    </local-time>
  );
}

/** A moment as text: `2026-03-01 14:03:22 UTC`. */
export function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
