// What people need to know about a token to decide whether it is still needed.
import { Timestamp } from './timestamp.tsx';

/** When a token was last used. */
export function LastUse({ at }: { at: number | null }) {
  if (at === null) return <>never used</>;
  return (
    <>
      last used <Timestamp at={at} />
    </>
  );
}

/** When a token expires. */
export function Expiry({ at, now }: { at: number | null; now: number }) {
  if (at === null) return <>does not expire</>;
  if (at <= now) return <b class="token-expired">expired</b>;
  return (
    <>
      expires <Timestamp at={at} as="clock" />
    </>
  );
}
