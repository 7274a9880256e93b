// What a command changed in the agent's folder, file by file (docs/protocol.md, "Changes").
import { type Static, Type } from '@sinclair/typebox';
import { MAX_CHANGED_FILES, PATCH_BYTES, PATH_LENGTH } from './limits.ts';
import { Id } from './message.ts';
import { Count } from './report.ts';

/** A path relative to the agent's folder, with "/" between its parts. */
export const FilePath = Type.String({ minLength: 1, maxLength: PATH_LENGTH });

/** A file mode of git: `100644`, `100755`, or `120000` for a symbolic link. */
const FileMode = Type.String({ pattern: '^[0-7]{6}$' });

/** One changed file. */
export const FileChange = Type.Object({
  path: FilePath,
  /** The path before, if the file was renamed. */
  oldPath: Type.Optional(FilePath),
  kind: Type.Union([
    Type.Literal('added'),
    Type.Literal('deleted'),
    Type.Literal('modified'),
    Type.Literal('renamed'),
  ]),
  /** Added and removed lines; 0 for a binary file. */
  added: Count,
  removed: Count,
  isBinary: Type.Boolean(),
  /** The sizes of a binary file before and after, in bytes; 0 if it did not exist. */
  oldSize: Type.Optional(Count),
  newSize: Type.Optional(Count),
  /** The modes before and after, if they differ; of an added or deleted file, its mode if it is not `100644`. */
  oldMode: Type.Optional(FileMode),
  newMode: Type.Optional(FileMode),
  /** The hunks of the unified diff, without the file header. Missing if there are none. */
  patch: Type.Optional(Type.String({ maxLength: PATCH_BYTES })),
  /**
   * Why the patch or its end is missing. `too_large`: the file or its diff is too large. `limit`: the diffs of the
   * command are too large together. `failed`: it could not be determined in time.
   */
  omitted: Type.Optional(
    Type.Union([Type.Literal('too_large'), Type.Literal('limit'), Type.Literal('failed')]),
  ),
  /** Whether the agent keeps what is necessary to revert the file. */
  isRevertible: Type.Boolean(),
});
export type FileChange = Static<typeof FileChange>;

/** The changed files of a command. `omittedFiles` more were changed. */
export const FileChanges = Type.Object({
  files: Type.Array(FileChange, { maxItems: MAX_CHANGED_FILES }),
  omittedFiles: Count,
});
export type FileChanges = Static<typeof FileChanges>;

/** Asks the agent to restore a file as it was before a command. `requestId` identifies the answer. */
export const revertFields = { requestId: Id, commandId: Id, path: FilePath };
