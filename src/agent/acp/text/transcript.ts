// The transcript of a turn as terminal text: answers as written, thoughts dimmed, tool calls with their output and
// duration, colored diffs, and plans as lists. It only appends, so it looks the same live and replayed.
import type { PlanEntry, SessionUpdate, ToolCall, ToolCallUpdate } from '@agentclientprotocol/sdk';
import { formatChanges, formatCost, formatUsage } from '../../../protocol/report-format.ts';
import type { CommandReport } from '../../../protocol/report.ts';
import { createLayout } from './layout.ts';
import { formatPlan } from './plan.ts';
import { firstLine, sanitize, sanitizeOutput } from './sanitize.ts';
import { dim, dimLines, green, indent, red, yellow } from './style.ts';
import {
  contentText,
  createToolCall,
  hasTitle,
  isFinished,
  newDiffs,
  newOutput,
  toolFooter,
  toolHeader,
  type ToolCallState,
  updateToolCall,
} from './tool-call.ts';

/**
 * The methods return the text to append; empty if there is nothing to show.
 * @param now returns monotonic milliseconds, for the durations of tool calls
 * @param cwd the folder that paths are shown relative to
 */
export function createTranscript(now: () => number, cwd: string) {
  const layout = createLayout();
  const tools = new Map<string, ToolCallState>();
  let plan: readonly PlanEntry[] = [];

  function toolFor(id: string): ToolCallState {
    const tool = tools.get(id) ?? createToolCall(now());
    tools.set(id, tool);
    return tool;
  }

  function showHeader(id: string): string {
    const tool = toolFor(id);
    if (tool.isHeaderShown) return '';
    tool.isHeaderShown = true;
    return layout.block(`tool ${id}`, toolHeader(tool));
  }

  function showToolCall(update: ToolCall | ToolCallUpdate): string {
    const id = update.toolCallId;
    const tool = toolFor(id);
    if (isFinished(tool)) return '';
    updateToolCall(tool, update, cwd);
    if (!hasTitle(tool)) return '';
    const section = `tool ${id}`;
    const text = showHeader(id) + layout.block(section, newDiffs(tool));
    if (!isFinished(tool)) return text + layout.block(section, newOutput(tool));
    return text + layout.block(section, toolFooter(tool, now(), layout.isCurrent(section)));
  }

  function showPlan(entries: readonly PlanEntry[]): string {
    const text = formatPlan(entries, plan);
    plan = entries;
    return layout.block('plan', text);
  }

  function note(text: string, style = dim): string {
    return layout.block('note', `${style(text)}\n`);
  }

  function showUpdate(event: SessionUpdate): string {
    switch (event.sessionUpdate) {
      case 'agent_message_chunk': {
        const text = sanitize(contentText(event.content));
        return layout.stream(`answer ${event.messageId ?? ''}`, text);
      }
      case 'agent_thought_chunk': {
        const text = sanitize(contentText(event.content));
        return layout.stream(`thought ${event.messageId ?? ''}`, text, dimLines);
      }
      case 'tool_call':
      case 'tool_call_update':
        return showToolCall(event);
      case 'plan':
        return showPlan(event.entries);
      case 'notice': {
        const style = { error: red, warning: yellow }[event.severity] ?? dim;
        const description = event.description ? `: ${firstLine(event.description, 500)}` : '';
        return note(firstLine(event.title) + description, style);
      }
      case 'current_mode_update':
        return note(`Mode: ${firstLine(event.currentModeId)}`);
      case 'compaction_update':
        return event.status === 'completed' ? note('The conversation was compacted.') : '';
      case 'usage_update':
      case 'user_message_chunk':
      case 'available_commands_update':
      case 'compaction_summary_chunk':
      case 'config_option_update':
      case 'session_info_update':
        return '';
      default:
        // A newer version of ACP may add updates.
        event satisfies never;
        return '';
    }
  }

  return {
    update: showUpdate,

    /** The state of a tool call. */
    tool: toolFor,

    /** Adds what a permission request says about a tool call. Returns the call's state. */
    updateTool(call: ToolCallUpdate): ToolCallState {
      const tool = toolFor(call.toolCallId);
      updateToolCall(tool, call, cwd);
      return tool;
    },

    /** Shows that a tool call is waiting for approval. */
    approvalRequested(id: string): string {
      const section = `tool ${id}`;
      const text = showHeader(id) + layout.block(section, newDiffs(toolFor(id)));
      return text + layout.block(section, `  ${yellow('?')} Waiting for approval\n`);
    },

    /** @param option the selected option; null if the request was withdrawn */
    approvalResolved(id: string, option: { name: string; kind: string } | null): string {
      const color = option?.kind.startsWith('allow') ? green : red;
      const name = option ? firstLine(option.name) : 'Withdrawn';
      return layout.block(`tool ${id}`, `  ${color(`→ ${name}`)}\n`);
    },

    /** Whole lines of output from a command that the program runs in an ACP terminal. */
    output(id: string, lines: string): string {
      const text = sanitizeOutput(lines).replace(/\n$/, '');
      return layout.block(`tool ${id}`, `${indent(dimLines(text))}\n`);
    },

    /** A line from Signalbox itself. */
    note: (text: string): string => note(text),

    /** The last line of a turn: its usage, cost and changes, if known. */
    end({ usage, changes }: CommandReport): string {
      const facts = [
        usage && formatUsage(usage),
        usage?.cost && formatCost(usage.cost),
        changes && formatChanges(changes),
      ].filter((fact) => fact !== undefined);
      if (facts.length === 0) return layout.endLine();
      return layout.block('usage', `${dim(firstLine(facts.join(' · ')))}\n`);
    },
  };
}
