// `signalbox changes`: shows what a command changed in the agent's folder, as a diff that other programs can read.
import { Command } from 'commander';
import { ChangesResponse } from '../protocol/api.ts';
import { revealBidi } from '../protocol/bidi.ts';
import { CommandExecution } from '../protocol/entities.ts';
import { explainNoChanges, formatChanges } from '../protocol/report-format.ts';
import { createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { commandIdArgument, resolveCommandId } from './command-id.ts';
import { toJson } from './json.ts';
import { writeError, writeOut } from './output.ts';
import { createTerminalFilter } from './terminal-filter.ts';

interface ChangesFlags extends ClientFlags {
  stat: boolean;
}

type ChangedFile = ChangesResponse['files'][number];

export function changesCommand(): Command {
  return withClientOptions(new Command('changes'))
    .description('Show which files a command changed')
    .option('--stat', 'List the files with their added and removed lines, without the diffs', false)
    .addArgument(commandIdArgument())
    .addHelpText(
      'after',
      `
Examples:
  signalbox changes 019a2b3c-4d5e
  signalbox changes --stat 019a2b3c-4d5e`,
    )
    .action(async (id: string, flags: ChangesFlags) => {
      const client = createApiClient(flags.hub);
      const commandId = await resolveCommandId(client, id);
      const path = `/commands/${encodeURIComponent(commandId)}`;
      const response = await client.get(`${path}/changes`, ChangesResponse);
      if (flags.json) return writeOut(`${toJson(response)}\n`);
      const { changes, files, omittedFiles } = response;
      const clean = process.stdout.isTTY ? createTerminalFilter() : (text: string) => text;
      for (const file of files) writeOut(clean(flags.stat ? formatStat(file) : formatDiff(file)));
      if (omittedFiles > 0) writeError(`[${omittedFiles} more changed files are not listed]\n`);
      const command = await client.get(path, CommandExecution);
      const reason = explainNoChanges(command);
      writeError(`[${reason ?? formatChanges(changes ?? { files: 0, added: 0, removed: 0 })}]\n`);
    });
}

const LETTERS = { added: 'A', deleted: 'D', modified: 'M', renamed: 'R' };

/** For example `M  +2 −1  src/main.ts`. */
function formatStat({ kind, added, removed, isBinary, oldPath, path }: ChangedFile): string {
  const size = isBinary ? 'binary' : `+${added} −${removed}`;
  const name = oldPath === undefined ? quote(path) : `${quote(oldPath)} → ${quote(path)}`;
  return `${LETTERS[kind]}  ${size.padEnd(12)} ${name}\n`;
}

/** The headers of git, so that `git apply` and other programs can read the diff. */
function formatDiff(file: ChangedFile): string {
  const { kind, path, oldPath = path, oldMode, newMode, patch, isBinary, omitted } = file;
  const [before, after] = [quote(`a/${oldPath}`), quote(`b/${path}`)];
  const hasHunks = patch !== undefined;
  const lines = [
    `diff --git ${before} ${after}`,
    kind === 'added' && `new file mode ${newMode ?? '100644'}`,
    kind === 'deleted' && `deleted file mode ${oldMode ?? '100644'}`,
    oldMode && newMode && `old mode ${oldMode}`,
    oldMode && newMode && `new mode ${newMode}`,
    kind === 'renamed' && `rename from ${quote(oldPath)}`,
    kind === 'renamed' && `rename to ${quote(path)}`,
    isBinary && `Binary files ${before} and ${after} differ`,
    hasHunks && `--- ${kind === 'added' ? '/dev/null' : before}`,
    hasHunks && `+++ ${kind === 'deleted' ? '/dev/null' : after}`,
  ];
  const header = lines.filter(Boolean).map((line) => `${line}\n`);
  const note = omitted === undefined ? '' : `# ${NOTES[omitted]}\n`;
  return `${header.join('')}${patch ?? ''}${note}`;
}

const NOTES = {
  too_large: 'The diff, or its end, is missing: it is too large.',
  limit: 'The diff is missing: the changes of this command are too large together.',
  failed: 'The diff is missing: the agent could not read it in time.',
};

// oxlint-disable-next-line no-control-regex
const NEEDS_QUOTES = /[\0-\x1f\x7f-\x9f"\\]/;

/** Quotes a path that a terminal or a program could misunderstand. */
function quote(path: string): string {
  return revealBidi(NEEDS_QUOTES.test(path) ? toJson(path) : path);
}
