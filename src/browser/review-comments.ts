// The comments on changes that have not been sent. They survive a reload, and do not need the hub. Several tabs can change
// them, so each change is applied to what is stored by then.

/** A comment on a line of a file that a command changed. */
export interface ReviewComment {
  commandId: string;
  path: string;
  side: 'old' | 'new';
  line: number;
  text: string;
}

/** What a comment is about. There is one comment for each line and side. */
export type Place = Omit<ReviewComment, 'text'>;

type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** The maximum number of comments, because the browser's storage and the size of a prompt are limited. */
const MAX_COMMENTS = 500;

const isSamePlace = (a: Place, b: Place) =>
  a.commandId === b.commandId && a.path === b.path && a.side === b.side && a.line === b.line;

/** Opens a user's comments on the changes of one agent. Without storage, they last as long as the page. */
export function openReviewComments(storage: Storage, userId: string, agentId: string) {
  const key = `signalbox:review:${userId}:${agentId}`;
  /** Whether the last change was stored. */
  let isStored = true;
  let comments = read();

  function read(): ReviewComment[] {
    if (!isStored) return comments;
    try {
      const value: unknown = JSON.parse(storage.getItem(key) ?? '[]');
      return Array.isArray(value) ? value.filter(isComment) : [];
    } catch {
      return [];
    }
  }

  function save(changed: ReviewComment[]): void {
    comments = changed.slice(-MAX_COMMENTS);
    try {
      if (comments.length === 0) storage.removeItem(key);
      else storage.setItem(key, JSON.stringify(comments));
      isStored = true;
    } catch {
      // Storage is full or disabled.
      isStored = false;
    }
  }

  return {
    /** The comments on these commands, by file and line. */
    list: (commandIds: ReadonlySet<string>): ReviewComment[] =>
      comments
        .filter(({ commandId }) => commandIds.has(commandId))
        .toSorted((a, b) => a.path.localeCompare(b.path) || a.line - b.line),
    /** Adds or replaces the comment on a line. */
    set(comment: ReviewComment): void {
      save([...read().filter((one) => !isSamePlace(one, comment)), comment]);
    },
    remove(place: Place): void {
      save(read().filter((one) => !isSamePlace(one, place)));
    },
    /** Removes the listed comments on these commands, not those that another tab has added since. */
    removeAll(commandIds: ReadonlySet<string>): void {
      const isListed = (comment: ReviewComment) =>
        commandIds.has(comment.commandId) &&
        comments.some((one) => isSamePlace(one, comment) && one.text === comment.text);
      save(read().filter((comment) => !isListed(comment)));
    },
  };
}

function isComment(value: unknown): value is ReviewComment {
  if (typeof value !== 'object' || value === null) return false;
  const { commandId, path, side, line, text } = value as Record<string, unknown>;
  const texts = [commandId, path, text];
  return (
    texts.every((one) => typeof one === 'string') &&
    (side === 'old' || side === 'new') &&
    Number.isSafeInteger(line)
  );
}
