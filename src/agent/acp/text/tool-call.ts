// A tool that an AI uses, as terminal text: its title when it begins, what it shows, its end and how long it took.
import type {
  ContentBlock,
  ToolCall,
  ToolCallContent,
  ToolCallUpdate,
} from '@agentclientprotocol/sdk';
import { formatColoredDiff, type FileChange } from './diff.ts';
import { sanitize, sanitizeOutput, firstLine } from './sanitize.ts';
import { bold, cyan, dim, green, indent, inWords, red } from './style.ts';

/** Lines of text shown of a tool that reads, and of any other. What is between the first and the last is counted. */
const LINES = { read: 6, other: 60 };

/** What is known of a tool call so far: later messages replace what they carry. */
export interface ToolCallState {
  title: string;
  kind: string;
  status: string;
  content: readonly ToolCallContent[];
  rawInput: unknown;
  rawOutput: unknown;
  locations: readonly { path: string; line?: number | null }[];
  startedAt: number;
  isAnnounced: boolean;
  /** The changes and the text that were shown already. */
  shownChanges: Set<string>;
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
    isAnnounced: false,
    shownChanges: new Set(),
    shownText: '',
  };
}

/** Takes over what a message tells about a tool. */
export function updateToolCall(tool: ToolCallState, update: ToolCall | ToolCallUpdate): void {
  tool.title = update.title ?? tool.title;
  tool.kind = update.kind ?? tool.kind;
  tool.status = update.status ?? tool.status;
  tool.content = update.content ?? tool.content;
  tool.rawInput = update.rawInput ?? tool.rawInput;
  tool.rawOutput = update.rawOutput ?? tool.rawOutput;
  tool.locations = update.locations ?? tool.locations;
}

export function isFinished(tool: ToolCallState): boolean {
  return tool.status === 'completed' || tool.status === 'failed';
}

/** Whether enough is known to name it: some programs announce a tool before its arguments have come. */
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

/** The line with which a tool begins. */
export function toolHeader(tool: ToolCallState): string {
  return `${cyan('●')} ${bold(toolTitle(tool))}\n`;
}

/** Changes that were not shown before. */
export function newDiffs(tool: ToolCallState): string {
  const changes = tool.content.filter((one) => one.type === 'diff');
  return changes.map((change) => showChange(tool, change)).join('');
}

function showChange(tool: ToolCallState, change: FileChange): string {
  const key = JSON.stringify([change.path, change.oldText, change.newText]);
  if (tool.shownChanges.has(key)) return '';
  tool.shownChanges.add(key);
  return indent(`${dim(firstLine(change.path))}\n${formatColoredDiff(change)}`);
}

/** What its text has grown by, in whole lines, while it runs. Nothing where it was not just continued. */
export function newOutput(tool: ToolCallState): string {
  if (tool.kind === 'read' || tool.kind === 'search') return '';
  const text = textOf(tool);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (!whole.startsWith(tool.shownText) || whole === tool.shownText) return '';
  const more = whole.slice(tool.shownText.length);
  tool.shownText = whole;
  return shown(more);
}

/** The rest of its text, shortened where it comes all at once, and the line with which it ends. */
export function toolFooter(tool: ToolCallState, now: number, isUnderHeading: boolean): string {
  const text = textOf(tool);
  const rest = text.startsWith(tool.shownText) ? text.slice(tool.shownText.length) : text;
  const mark = tool.status === 'failed' ? red('✗') : green('✓');
  const name = isUnderHeading ? '' : `${toolTitle(tool)}  `;
  return `${shown(shortened(rest, tool.kind))}  ${mark} ${name}${dim(inWords(now - tool.startedAt))}\n`;
}

function shown(text: string): string {
  const plain = sanitizeOutput(text).replace(/\n+$/, '');
  if (plain.trim() === '') return '';
  return `${indent(plain.split('\n').map(dim).join('\n'))}\n`;
}

function shortened(text: string, kind: string): string {
  const most = kind === 'read' || kind === 'search' ? LINES.read : LINES.other;
  const lines = text.replace(/\n+$/, '').split('\n');
  if (lines.length <= most) return text;
  const half = most / 2;
  const hidden = lines.length - most;
  return [...lines.slice(0, half), `… ${hidden} lines …`, ...lines.slice(-half)].join('\n');
}

function textOf(tool: ToolCallState): string {
  const blocks = tool.content.filter((one) => one.type === 'content');
  const text = blocks.map((block) => unfenced(contentText(block.content))).join('\n');
  if (text !== '' || tool.content.length > 0) return text;
  return typeof tool.rawOutput === 'string' ? tool.rawOutput : '';
}

/** Output often comes as a block of Markdown: the fence is nothing to read. */
function unfenced(text: string): string {
  return text.replace(/^\s*```[^\n]*\n/, '').replace(/\n?```\s*$/, '\n');
}

/** Any content in words. */
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
      // Of a later version of the protocol.
      return '';
  }
}
