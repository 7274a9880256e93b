// When and why the output of a command was deleted.
import type { OutputRemoval } from '../../src/protocol/output-removal.ts';
import { Timestamp } from './timestamp.tsx';

const DAY_MS = 86_400_000;

/** `The output was removed on 3 May (30-day retention).` */
export function OutputRemoved({ removal }: { removal: OutputRemoval }) {
  const rule = formatRule(removal);
  if (removal.at === null) return <>{`The output is not available (${rule}).`}</>;
  return (
    <>
      The output was removed on <Timestamp at={removal.at} as="clock" />
      {` (${rule}).`}
    </>
  );
}

/** Names the rule by which output was deleted: `30-day retention`. */
function formatRule({ reason, limit }: OutputRemoval): string {
  switch (reason) {
    case 'retention':
      return limit === null ? 'retention' : `${Math.round(limit / DAY_MS)}-day retention`;
    case 'quota':
      return limit === null ? 'quota' : `quota of ${formatQuota(limit)}`;
    case 'disk':
      return 'the disk of the hub was full';
    case 'user':
      return 'deleted by a user';
    case 'not_kept':
      return 'the hub kept it in memory only';
    default:
      return reason satisfies never;
  }
}

/** In decimal units, as in `--transcript-quota`. */
const formatQuota = (bytes: number): string =>
  bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${Math.round(bytes / 1e8) / 10} GB`;
