// The output of a command that has ended, as static text that looks like the terminal it was produced in. A long one is
// folded to its first and last lines.
import type { CommandExecution } from '../../src/protocol/entities.ts';
import type { OutputRemoval } from '../../src/protocol/output-removal.ts';
import { formatSize } from '../../src/protocol/size.ts';
import { splitLinks, type TextPart } from '../format/links.ts';
import type { Line, Run } from '../format/terminal-text.ts';
import { formatCount } from '../format/units.ts';
import { commandUrl, outputLinesUrl } from '../urls.ts';
import { OutputRemoved } from './output-removed.tsx';

/** Output of up to this many lines is shown in full; a longer one is folded to its first and last lines. */
export const WHOLE_LINES = 40;
export const FIRST_LINES = 5;
export const LAST_LINES = 20;
/** The number of lines that are loaded at once. */
export const LINES_PER_PAGE = 2_000;
/** The characters of a line that are shown. */
export const LINE_LENGTH = 4_000;

/** The output as the session shows it: the first lines, the last ones, and how many there are in all. */
export type ShownOutput =
  | { state: 'whole'; first: Line[]; last: Line[]; total: number; totalBytes: number }
  /** Too long to count its lines. */
  | { state: 'long'; first: Line[]; last: Line[]; totalBytes: number }
  | { state: 'removed'; removal: OutputRemoval };

export function BlockOutput({
  command,
  output,
}: {
  command: CommandExecution;
  output: ShownOutput;
}) {
  if (output.state === 'removed') {
    return (
      <p class="output-empty">
        <OutputRemoved removal={output.removal} />
      </p>
    );
  }
  const { first, last } = output;
  if (output.state === 'long') {
    return (
      <div class="output">
        <OutputLines lines={first} />
        <a class="output-fold" href={commandUrl(command.id)}>
          {`Open the whole output (${formatSize(output.totalBytes)})`}
        </a>
        <OutputLines lines={last} />
      </div>
    );
  }
  const { total, totalBytes } = output;
  if (total === 0) {
    const isCleared = totalBytes > 0;
    return (
      <p class="output-empty">
        {isCleared ? 'The program used the whole screen, and left no text.' : 'No output.'}
      </p>
    );
  }
  const until = total - last.length;
  return (
    <div class="output">
      <OutputLines lines={first} />
      <OutputFold commandId={command.id} from={first.length} until={until} />
      <OutputLines lines={last} />
    </div>
  );
}

/** The button in place of the lines from `from` to `until`, exclusive. */
function OutputFold({
  commandId,
  from,
  until,
}: {
  commandId: string;
  from: number;
  until: number;
}) {
  if (from >= until) return null;
  const hidden = until - from;
  return (
    <button
      class="output-fold"
      type="button"
      hx-get={outputLinesUrl(commandId, from, until)}
      hx-swap="outerHTML"
      hx-target="this"
    >
      {hidden > LINES_PER_PAGE
        ? `Show ${LINES_PER_PAGE.toLocaleString('en-US')} of ${hidden.toLocaleString('en-US')} more lines`
        : `Show ${formatCount(hidden, 'more line')}`}
    </button>
  );
}

/** The response of the button: the next lines, and the button for the rest. */
export function UnfoldedLines(props: {
  commandId: string;
  lines: Line[];
  from: number;
  until: number;
}) {
  const { commandId, lines, from, until } = props;
  return (
    <>
      <OutputLines lines={lines} />
      {lines.length > 0 && (
        <OutputFold commandId={commandId} from={from + lines.length} until={until} />
      )}
    </>
  );
}

function OutputLines({ lines }: { lines: readonly Line[] }) {
  return (
    <>
      {groupLines(lines).map(({ kind, lines: group }, index) =>
        kind === null ? (
          <Lines key={index} lines={group} />
        ) : (
          <span key={index} class={kind}>
            <Lines lines={group} />
          </span>
        ),
      )}
    </>
  );
}

/** Groups consecutive lines that are marked in the same way. */
function groupLines(lines: readonly Line[]) {
  const groups: { kind: string | null; lines: Line[] }[] = [];
  for (const line of lines) {
    const kind = line.isMarker ? 'output-marker' : line.isError ? 'output-error' : null;
    const group = groups.at(-1);
    if (group?.kind === kind) group.lines.push(line);
    else groups.push({ kind, lines: [line] });
  }
  return groups;
}

function Lines({ lines }: { lines: readonly Line[] }) {
  return (
    <>
      {lines.map((line, index) => (
        <LineText key={index} line={line} />
      ))}
    </>
  );
}

function LineText({ line: { runs, cut } }: { line: Line }) {
  return (
    <>
      {runs.map((run, index) => (
        <RunText key={index} run={run} isCut={cut !== undefined && index === runs.length - 1} />
      ))}
      {cut !== undefined && (
        <span class="output-cut">{` … ${formatCount(cut, 'more character')}`}</span>
      )}
      {'\n'}
    </>
  );
}

/** The 16 colors of the theme are classes. The island applies the others, because the CSP forbids inline styles. */
function RunText({ run: { text, style }, isCut }: { run: Run; isCut: boolean }) {
  const { foreground, background, flags, link } = style;
  const parts = link === undefined ? findLinks(text, isCut) : [{ text, url: link }];
  const content = parts.map((part, index) => <LinkedText key={index} {...part} />);
  const classes = [
    ...flags.map((flag) => `t-${flag}`),
    ...(typeof foreground === 'number' ? [`t-f${foreground}`] : []),
    ...(typeof background === 'number' ? [`t-b${background}`] : []),
  ];
  const colors = {
    ...(typeof foreground === 'string' && { 'data-foreground': foreground }),
    ...(typeof background === 'string' && { 'data-background': background }),
  };
  if (classes.length === 0 && Object.keys(colors).length === 0) return <>{content}</>;
  return (
    <span class={classes.join(' ')} {...colors}>
      {content}
    </span>
  );
}

/** The links of a text. A URL at its end is not whole if the rest of the line is left out. */
function findLinks(text: string, isCut: boolean): TextPart[] {
  const parts = splitLinks(text);
  const last = parts.at(-1);
  return isCut && last ? [...parts.slice(0, -1), { text: last.text }] : parts;
}

/** The island asks before it opens a link of the output (src/browser/output-links.ts). */
function LinkedText({ text, url }: TextPart) {
  if (url === undefined) return <>{text}</>;
  return (
    <a class="output-link" href={url} target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  );
}
