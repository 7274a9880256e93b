// What an AI does in a turn, as terminal text while it happens: answers as written, thoughts dimmed, tools with title,
// state and duration, changes coloured, plans as lists. Text only ever goes on: it reads the same live, later and cut.
import type { PlanEntry, SessionUpdate, ToolCall, ToolCallUpdate } from '@agentclientprotocol/sdk';
import type { CommandReport } from '../../../protocol/report.ts';
import { formatChanges, formatCost, formatUsage } from '../../../protocol/report-format.ts';
import { sanitize, sanitizeOutput, firstLine } from './sanitize.ts';
import { bold, cyan, dim, green, indent, red, yellow } from './style.ts';
import {
  contentText,
  newOutput,
  hasTitle,
  isFinished,
  updateToolCall,
  newDiffs,
  createToolCall,
  toolFooter,
  toolHeader,
  type ToolCallState,
} from './tool-call.ts';

/** @param now the time in milliseconds, for the durations of tools */
export function createTranscript(now: () => number) {
  const tools = new Map<string, ToolCallState>();
  let plan: readonly PlanEntry[] = [];
  /** What the last text belongs to, and whether a line of it is open. */
  let part: string | null = null;
  let newLines = 2;

  function put(text: string, paint: (text: string) => string = (plain) => plain): string {
    if (text === '') return '';
    const last = /\n*$/.exec(text)?.[0].length ?? 0;
    newLines = last === text.length ? newLines + last : last;
    return paint(text);
  }

  /** Begins another part: a blank line before it, none between tools. */
  function turnTo(next: string, apart = true): string {
    const before = part;
    part = next;
    if (before === next) return '';
    return put('\n'.repeat(Math.max(0, (apart ? 2 : 1) - newLines)));
  }

  /** Text that streams; each piece is painted by itself. */
  function speak(kind: string, text: string, paint?: (text: string) => string): string {
    if (text === '') return '';
    return turnTo(kind) + put(sanitize(text), paint);
  }

  function block(kind: string, text: string): string {
    if (text === '') return '';
    const isTool = (name: string | null) => name?.startsWith('tool ') === true;
    const gap = turnTo(kind, !(isTool(part) && isTool(kind)));
    return gap + put('\n'.repeat(newLines === 0 ? 1 : 0)) + put(text);
  }

  function toolOf(id: string): ToolCallState {
    const known = tools.get(id) ?? createToolCall(now());
    tools.set(id, known);
    return known;
  }

  function tool(update: ToolCall | ToolCallUpdate): string {
    const known = toolOf(update.toolCallId);
    if (isFinished(known)) return '';
    updateToolCall(known, update);
    if (!hasTitle(known)) return '';
    const kind = `tool ${update.toolCallId}`;
    let text = announce(update.toolCallId);
    text += block(kind, newDiffs(known));
    if (!isFinished(known)) return text + block(kind, newOutput(known));
    return text + block(kind, toolFooter(known, now(), part === kind));
  }

  function announce(id: string): string {
    const known = toolOf(id);
    if (known.isAnnounced) return '';
    known.isAnnounced = true;
    return block(`tool ${id}`, toolHeader(known));
  }

  /** The whole list first; later only what has changed in it. */
  function planned(entries: readonly PlanEntry[]): string {
    const before = new Map(plan.map((entry) => [entry.content, entry.status]));
    const isSame = entries.every((entry) => before.has(entry.content));
    const news = isSame
      ? entries.filter((entry) => before.get(entry.content) !== entry.status)
      : entries;
    plan = entries;
    if (news.length === 0) return '';
    const heading = isSame ? '' : `${bold('Plan')}\n`;
    return block('plan', heading + news.map((entry) => `  ${planLine(entry)}\n`).join(''));
  }

  function show(news: SessionUpdate): string {
    switch (news.sessionUpdate) {
      case 'agent_message_chunk':
        return speak(`answer ${news.messageId ?? ''}`, contentText(news.content));
      case 'agent_thought_chunk':
        return speak(`thought ${news.messageId ?? ''}`, contentText(news.content), dimLines);
      case 'tool_call':
      case 'tool_call_update':
        return tool(news);
      case 'plan':
        return planned(news.entries);
      case 'notice': {
        const paint = { error: red, warning: yellow }[news.severity] ?? dim;
        const more = news.description ? `: ${firstLine(news.description, 500)}` : '';
        return block('note', `${paint(firstLine(news.title) + more)}\n`);
      }
      case 'current_mode_update':
        return block('note', `${dim(`mode: ${firstLine(news.currentModeId)}`)}\n`);
      case 'compaction_update':
        if (news.status !== 'completed') return '';
        return block('note', `${dim('The conversation was shortened to go on.')}\n`);
      case 'usage_update':
      case 'user_message_chunk':
      case 'available_commands_update':
      case 'compaction_summary_chunk':
      case 'config_option_update':
      case 'session_info_update':
        return '';
      default:
        // A later version of the protocol may add some.
        news satisfies never;
        return '';
    }
  }

  return {
    /** What happened, as text; "" where there is nothing to show. */
    update: show,

    /** Takes in what a question tells of a tool; answers with all that is known of it. */
    tool(call: ToolCallUpdate): ToolCallState {
      const known = toolOf(call.toolCallId);
      updateToolCall(known, call);
      return known;
    },

    /** A question about this tool was put to the people of the hub. */
    asked(id: string): string {
      const kind = `tool ${id}`;
      const text = announce(id) + block(kind, newDiffs(toolOf(id)));
      return text + block(kind, `  ${yellow('?')} waiting for an answer\n`);
    },

    /** It was answered; null where it was withdrawn. */
    answered(id: string, option: { name: string; kind: string } | null): string {
      const paint = option?.kind.startsWith('allow') ? green : red;
      const words = option ? firstLine(option.name) : 'withdrawn';
      return block(`tool ${id}`, `  ${paint(`→ ${words}`)}\n`);
    },

    /** Whole lines that a command wrote which the program had us run. */
    output(id: string, text: string): string {
      const plain = sanitizeOutput(text).replace(/\n$/, '');
      return block(`tool ${id}`, `${indent(plain.split('\n').map(dim).join('\n'))}\n`);
    },

    /** A line of our own. */
    note: (text: string): string => block('note', `${dim(sanitize(text))}\n`),

    /** The last line of a turn: what it took of the model and what it has changed, as far as that is known. */
    end({ usage, changes }: CommandReport): string {
      const facts = [
        usage && formatUsage(usage),
        usage?.cost && formatCost(usage.cost),
        changes && (changes.files === 0 ? '' : 'changed: ') + formatChanges(changes),
      ].filter((fact) => fact !== undefined);
      const line = facts.length > 0 ? block('usage', `${dim(firstLine(facts.join(' · ')))}\n`) : '';
      return line === '' && newLines === 0 ? put('\n') : line;
    },
  };
}

function planLine({ content, status }: PlanEntry): string {
  const text = firstLine(content);
  if (status === 'completed') return green(`✓ ${text}`);
  return status === 'in_progress' ? cyan(`▸ ${bold(text)}`) : `○ ${text}`;
}

/** Line by line: a dimmed text shall not dim what stands in the next line of whoever shows only that. */
function dimLines(text: string): string {
  return text.split('\n').map(dim).join('\n');
}
