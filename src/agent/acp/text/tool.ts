// A tool that an AI uses, as terminal text: its title when it begins, what it shows, its end and how long it took.
import type {
  ContentBlock,
  ToolCall,
  ToolCallContent,
  ToolCallUpdate,
} from '@agentclientprotocol/sdk';
import { colouredDiff, type FileChange } from './diff.ts';
import { harmless, harmlessOutput, oneLine } from './plain.ts';
import { bold, cyan, dim, green, indented, inWords, red } from './style.ts';

/** Lines of text shown of a tool that reads, and of any other. What is between the first and the last is counted. */
const LINES = { read: 6, other: 60 };

/** What is known of a tool call so far: later messages replace what they carry. */
export interface ToolState {
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

export function newTool(now: number): ToolState {
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
export function learn(tool: ToolState, update: ToolCall | ToolCallUpdate): void {
  tool.title = update.title ?? tool.title;
  tool.kind = update.kind ?? tool.kind;
  tool.status = update.status ?? tool.status;
  tool.content = update.content ?? tool.content;
  tool.rawInput = update.rawInput ?? tool.rawInput;
  tool.rawOutput = update.rawOutput ?? tool.rawOutput;
  tool.locations = update.locations ?? tool.locations;
}

export function isOver(tool: ToolState): boolean {
  return tool.status === 'completed' || tool.status === 'failed';
}

/** Whether enough is known to name it: some programs announce a tool before its arguments have come. */
export function isNameable(tool: ToolState): boolean {
  const hasInput =
    typeof tool.rawInput === 'object' &&
    tool.rawInput !== null &&
    Object.keys(tool.rawInput).length > 0;
  return tool.status !== 'pending' || hasInput || tool.content.length > 0;
}

export function titleOf(tool: Pick<ToolState, 'title' | 'kind'>): string {
  return oneLine(tool.title) || tool.kind;
}

/** The line with which a tool begins. */
export function toolHeading(tool: ToolState): string {
  return `${cyan('●')} ${bold(titleOf(tool))}\n`;
}

/** Changes that were not shown before. */
export function newChanges(tool: ToolState): string {
  const changes = tool.content.filter((one) => one.type === 'diff');
  return changes.map((change) => showChange(tool, change)).join('');
}

function showChange(tool: ToolState, change: FileChange): string {
  const key = JSON.stringify([change.path, change.oldText, change.newText]);
  if (tool.shownChanges.has(key)) return '';
  tool.shownChanges.add(key);
  return indented(`${dim(oneLine(change.path))}\n${colouredDiff(change)}`);
}

/** What its text has grown by, in whole lines, while it runs. Nothing where it was not just continued. */
export function grownText(tool: ToolState): string {
  if (tool.kind === 'read' || tool.kind === 'search') return '';
  const text = textOf(tool);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (!whole.startsWith(tool.shownText) || whole === tool.shownText) return '';
  const more = whole.slice(tool.shownText.length);
  tool.shownText = whole;
  return shown(more);
}

/** The rest of its text, shortened where it comes all at once, and the line with which it ends. */
export function toolEnding(tool: ToolState, now: number, isUnderHeading: boolean): string {
  const text = textOf(tool);
  const rest = text.startsWith(tool.shownText) ? text.slice(tool.shownText.length) : text;
  const mark = tool.status === 'failed' ? red('✗') : green('✓');
  const name = isUnderHeading ? '' : `${titleOf(tool)}  `;
  return `${shown(shortened(rest, tool.kind))}  ${mark} ${name}${dim(inWords(now - tool.startedAt))}\n`;
}

function shown(text: string): string {
  const plain = harmlessOutput(text).replace(/\n+$/, '');
  if (plain.trim() === '') return '';
  return `${indented(plain.split('\n').map(dim).join('\n'))}\n`;
}

function shortened(text: string, kind: string): string {
  const most = kind === 'read' || kind === 'search' ? LINES.read : LINES.other;
  const lines = text.replace(/\n+$/, '').split('\n');
  if (lines.length <= most) return text;
  const half = most / 2;
  const hidden = lines.length - most;
  return [...lines.slice(0, half), `… ${hidden} lines …`, ...lines.slice(-half)].join('\n');
}

function textOf(tool: ToolState): string {
  const blocks = tool.content.filter((one) => one.type === 'content');
  const text = blocks.map((block) => unfenced(blockText(block.content))).join('\n');
  if (text !== '' || tool.content.length > 0) return text;
  return typeof tool.rawOutput === 'string' ? tool.rawOutput : '';
}

/** Output often comes as a block of Markdown: the fence is nothing to read. */
function unfenced(text: string): string {
  return text.replace(/^\s*```[^\n]*\n/, '').replace(/\n?```\s*$/, '\n');
}

/** Any content in words. */
export function blockText(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'image':
    case 'audio':
      return `[${block.type}: ${harmless(block.mimeType)}]`;
    case 'resource_link':
      return `[${block.title ?? block.name}: ${block.uri}]`;
    case 'resource':
      return 'text' in block.resource ? block.resource.text : `[${block.resource.uri}]`;
    default:
      // Of a later version of the protocol.
      return '';
  }
}
