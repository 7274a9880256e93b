// A time. The server does not know the user's time zone, so it writes UTC; the island replaces it with local time.
import { formatUtc } from '../format/units.ts';

/** `ago`: `12 s ago`. `age`: `12 s`. `clock`: date and time. `elapsed`: a running clock, `1:12`. */
type Format = 'ago' | 'age' | 'clock' | 'elapsed';

/** @param at Unix milliseconds */
export function Timestamp({ at, as = 'ago' }: { at: number; as?: Format }) {
  return (
    <local-time at={at} as={as}>
      {formatUtc(at)}
    </local-time>
  );
}
