// How much a command changed, with a link to its changes.
import type { CommandExecution } from '../../../src/protocol/entities.ts';
import { formatChangedFiles } from '../../format/units.ts';
import { changesUrl } from '../../urls.ts';

/** Nothing if it is not known. */
export function ChangesLink({ command: { id, changes } }: { command: CommandExecution }) {
  if (!changes) return null;
  const text = formatChangedFiles(changes);
  return changes.files === 0 ? <span>{text}</span> : <a href={changesUrl(id)}>{text}</a>;
}
