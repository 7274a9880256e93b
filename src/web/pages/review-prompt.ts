// Turns comments on changes into a prompt: each with its file and line, and the line that it is about.
import type { ChangesResponse } from '../../protocol/api.ts';
import { HubError } from '../../protocol/errors.ts';
import { findLine, type Side } from '../../../views/components/changes/parse-patch.ts';
import { readFields } from './form.ts';

interface ReviewComment {
  commandId: string;
  path: string;
  side: Side;
  line: number;
  text: string;
}

const MAX_COMMENTS = 100;
const INTRODUCTION = 'Comments on your changes, each with its file, its line and the line itself:';

/**
 * Reads the comments of a form, whose fields are repeated for each of them. Leaves out empty ones.
 * @throws {HubError} invalid_message
 */
export function readComments(form: unknown): ReviewComment[] {
  const read = (name: string) => readFields(form, name);
  const [commandIds, paths, sides, lines] = ['commandId', 'path', 'side', 'line'].map(read);
  const comments = read('text').flatMap((text, index): ReviewComment[] => {
    const side = sides?.[index] === 'old' ? 'old' : 'new';
    const line = Number(lines?.[index]);
    const [commandId, path] = [commandIds?.[index], paths?.[index]];
    if (!commandId || !path || !Number.isSafeInteger(line) || line < 1) {
      throw new HubError('invalid_message', 'A comment has no valid file or line.');
    }
    // Browsers submit line breaks as CRLF.
    const trimmed = text.replaceAll('\r\n', '\n').trim();
    return trimmed === '' ? [] : [{ commandId, path, side, line, text: trimmed }];
  });
  if (comments.length === 0) throw new HubError('invalid_message', 'Write a comment first.');
  if (comments.length > MAX_COMMENTS) {
    throw new HubError('invalid_message', `Send at most ${MAX_COMMENTS} comments at once.`);
  }
  return comments;
}

/** @param changes the changes of the commands that the comments are about, by commandId */
export function formatReview(
  comments: readonly ReviewComment[],
  changes: ReadonlyMap<string, ChangesResponse>,
): string {
  const parts = comments.map(({ commandId, path, side, line, text }) => {
    const file = changes.get(commandId)?.files.find((one) => one.path === path);
    const quote = file?.patch === undefined ? null : findLine(file.patch, side, line);
    const shownPath = side === 'old' ? (file?.oldPath ?? path) : path;
    const place = `${shownPath}:${line}${side === 'old' ? ' (before your change)' : ''}`;
    return [place, ...(quote === null ? [] : [`> ${quote}`]), text].join('\n');
  });
  return [INTRODUCTION, ...parts].join('\n\n');
}
