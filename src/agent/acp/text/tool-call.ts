// Formats a tool call for the transcript: its title, its output and changes while it runs, and its result and duration.
import { isAbsolute, relative, resolve } from 'node:path';
import type {
  ContentBlock,
  ToolCall,
  ToolCallContent,
  ToolCallUpdate,
} from '@agentclientprotocol/sdk';
import { formatDuration } from '../../../protocol/duration.ts';
import { isInside } from '../../is-inside.ts';
import { readOverwrittenText } from '../overwritten-text.ts';
import { type FileChange, formatColoredDiff } from './diff.ts';
import { firstLine, sanitize, sanitizeOutput } from './sanitize.ts';
import { bold, cyan, dim, dimLines, green, indent, red } from './style.ts';

/** How many lines of output are shown. The lines in the middle of longer output are omitted. */
const MAX_LINES = { read: 6, other: 60 };

/** The state of a tool call. Updates replace the fields that they contain. */
export interface ToolCallState {
  title: string;
  kind: string;
  status: string;
  content: readonly ToolCallContent[];
  rawInput: unknown;
  rawOutput: unknown;
  locations: readonly { path: string; line?: number | null }[];
  startedAt: number;
  isHeaderShown: boolean;
  /** What its files contained before it, by path; null for new files. */
  oldTexts: Map<string, string | null>;
  /** The changes and the output that have been shown already. */
  shownDiffs: Set<string>;
  shownText: string;
}

export function createToolCall(now: number): ToolCallState {
  return {
    title: '',
    kind: 'other',
    status: 'pending',
    content: [],
    rawInput: undefined,
    rawOutput: undefined,
    locations: [],
    startedAt: now,
    isHeaderShown: false,
    oldTexts: new Map(),
    shownDiffs: new Set(),
    shownText: '',
  };
}

/** @param cwd the folder that paths are shown relative to */
export function updateToolCall(
  tool: ToolCallState,
  update: ToolCall | ToolCallUpdate,
  cwd: string,
): void {
  tool.title = update.title ?? tool.title;
  tool.kind = update.kind ?? tool.kind;
  tool.status = update.status ?? tool.status;
  tool.content = update.content?.map((one) => toContent(tool, one, cwd)) ?? tool.content;
  tool.rawInput = update.rawInput ?? tool.rawInput;
  tool.rawOutput = update.rawOutput ?? tool.rawOutput;
  tool.locations = update.locations ?? tool.locations;
}

/** Completes a diff. Programs send absolute paths; those outside of the folder stay absolute. */
function toContent(tool: ToolCallState, content: ToolCallContent, cwd: string): ToolCallContent {
  if (content.type !== 'diff') return content;
  const path = resolve(cwd, content.path);
  return {
    ...content,
    oldText: content.oldText ?? oldTextOf(tool, path, content.newText, cwd),
    path: isAbsolute(content.path) && isInside(cwd, path) ? relative(cwd, path) : content.path,
  };
}

/** Once a tool call runs, its files contain what it has written. */
function oldTextOf(tool: ToolCallState, path: string, newText: string, cwd: string) {
  const known = tool.oldTexts.get(path);
  if (known !== undefined || tool.status !== 'pending') return known ?? null;
  const text = readOverwrittenText(cwd, path);
  const oldText = text === newText ? null : text;
  tool.oldTexts.set(path, oldText);
  return oldText;
}

export function isFinished(tool: ToolCallState): boolean {
  return tool.status === 'completed' || tool.status === 'failed';
}

/** Whether the title is final: some programs announce a tool call before they have its arguments. */
export function hasTitle(tool: ToolCallState): boolean {
  const hasInput =
    typeof tool.rawInput === 'object' &&
    tool.rawInput !== null &&
    Object.keys(tool.rawInput).length > 0;
  return tool.status !== 'pending' || hasInput || tool.content.length > 0;
}

export function toolTitle(tool: Pick<ToolCallState, 'title' | 'kind'>): string {
  return firstLine(tool.title) || tool.kind;
}

/** The first line of a tool call. */
export function toolHeader(tool: ToolCallState): string {
  return `${cyan('●')} ${bold(toolTitle(tool))}\n`;
}

/** The changes that have not been shown yet. */
export function newDiffs(tool: ToolCallState): string {
  const changes = tool.content.filter((one) => one.type === 'diff');
  return changes.map((change) => newDiff(tool, change)).join('');
}

function newDiff(tool: ToolCallState, change: FileChange): string {
  const key = JSON.stringify([change.path, change.oldText, change.newText]);
  if (tool.shownDiffs.has(key)) return '';
  tool.shownDiffs.add(key);
  return indent(`${dim(firstLine(change.path))}\n${formatColoredDiff(change)}`);
}

/** The whole lines that were added to the output while the tool runs. Empty if the output was replaced. */
export function newOutput(tool: ToolCallState): string {
  if (tool.kind === 'read' || tool.kind === 'search') return '';
  const text = outputOf(tool);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (!whole.startsWith(tool.shownText) || whole === tool.shownText) return '';
  const added = whole.slice(tool.shownText.length);
  tool.shownText = whole;
  return formatOutput(added);
}

/** The rest of the output and the last line of a tool call. */
export function toolFooter(tool: ToolCallState, now: number, isBelowHeader: boolean): string {
  const text = outputOf(tool);
  const rest = text.startsWith(tool.shownText) ? text.slice(tool.shownText.length) : text;
  const mark = tool.status === 'failed' ? red('✗') : green('✓');
  const title = isBelowHeader ? '' : `${toolTitle(tool)}  `;
  const duration = dim(formatDuration(now - tool.startedAt));
  return `${formatOutput(omitMiddle(rest, tool.kind))}  ${mark} ${title}${duration}\n`;
}

function formatOutput(text: string): string {
  const plain = sanitizeOutput(text).replace(/\n+$/, '');
  return plain.trim() === '' ? '' : `${indent(dimLines(plain))}\n`;
}

function omitMiddle(text: string, kind: string): string {
  const max = kind === 'read' || kind === 'search' ? MAX_LINES.read : MAX_LINES.other;
  const lines = text.replace(/\n+$/, '').split('\n');
  if (lines.length <= max) return text;
  const half = max / 2;
  const omitted = lines.length - max;
  return [...lines.slice(0, half), `… ${omitted} lines omitted …`, ...lines.slice(-half)].join(
    '\n',
  );
}

/** The output of a tool call so far. */
export function outputOf(tool: ToolCallState): string {
  const blocks = tool.content.filter((one) => one.type === 'content');
  const text = blocks.map((block) => stripFence(contentText(block.content))).join('\n');
  if (text !== '' || tool.content.length > 0) return text;
  return typeof tool.rawOutput === 'string' ? tool.rawOutput : '';
}

/** Removes a Markdown code fence around the whole text. */
function stripFence(text: string): string {
  return text.replace(/^\s*```[^\n]*\n/, '').replace(/\n?```\s*$/, '\n');
}

/** A content block as text. */
export function contentText(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'image':
    case 'audio':
      return `[${block.type}: ${sanitize(block.mimeType)}]`;
    case 'resource_link':
      return `[${block.title ?? block.name}: ${block.uri}]`;
    case 'resource':
      return 'text' in block.resource ? block.resource.text : `[${block.resource.uri}]`;
    default:
      // A newer version of ACP may add types.
      return '';
  }
}
