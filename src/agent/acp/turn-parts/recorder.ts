// Turns the updates of an AI program into the parts of a turn. It runs beside the transcript, which keeps the state of the
// tool calls.
import type { SessionUpdate } from '@agentclientprotocol/sdk';
import { MAX_PLAN_ENTRIES, TURN_PART_BYTES, TURN_TITLE_LENGTH } from '../../../protocol/limits.ts';
import { byteLength } from '../../../protocol/text.ts';
import type { PlanPart, ToolPart, TurnPart } from '../../../protocol/turn.ts';
import { firstLine, sanitize } from '../text/sanitize.ts';
import { contentText, hasTitle, isFinished, type ToolCallState } from '../text/tool-call.ts';
import { toToolPart } from './tool-part.ts';

/** The maximum size of the text of a message, as JSON. A longer one is continued in another part. */
const MAX_TEXT_BYTES = TURN_PART_BYTES - 4_096;
/** How much of the output of an ACP terminal is kept, in characters. */
const MAX_TERMINAL_OUTPUT = 48_000;

interface RecorderOptions {
  /** Returns monotonic milliseconds. */
  now(): number;
  toolOf(id: string): ToolCallState;
  /** @param read returns the content of the part; it may be called later */
  onPart(part: number, read: () => TurnPart): void;
}

const PLAN_STATUSES = new Map<string, PlanPart['entries'][number]['status']>([
  ['in_progress', 'running'],
  ['completed', 'completed'],
]);
const TONES = new Map<string, Tone>([
  ['warning', 'warning'],
  ['error', 'error'],
]);

type Tone = Extract<TurnPart, { type: 'note' }>['tone'];

interface OpenText {
  index: number;
  type: 'message' | 'thought';
  id: string;
  text: string;
  bytes: number;
  startedAt: number;
}

export function createTurnRecorder({ now, toolOf, onPart }: RecorderOptions) {
  let partCount = 0;
  let planPart: number | null = null;
  /** The message or thought that is being written. */
  let open: OpenText | null = null;
  const toolParts = new Map<string, number>();
  const endedTools = new Set<string>();
  const approvals = new Map<string, NonNullable<ToolPart['approval']>>();
  const terminalOutputs = new Map<string, string>();
  /** The tool call that shows an ACP terminal. */
  const toolOfTerminal = new Map<string, string>();

  function addPart(): number {
    partCount += 1;
    return partCount - 1;
  }

  function closeText(): void {
    if (open?.type === 'thought') {
      const { index, text, startedAt } = open;
      const durationMs = Math.round(now() - startedAt);
      onPart(index, () => ({ type: 'thought', text, durationMs }));
    }
    open = null;
  }

  function appendText(type: OpenText['type'], id: string, chunk: string): void {
    const bytes = byteLength(JSON.stringify(chunk));
    if (open && (open.type !== type || open.id !== id)) closeText();
    // Programs announce messages with empty chunks.
    if (!open && chunk.trim() === '') return;
    if (open && open.bytes + bytes > MAX_TEXT_BYTES) closeText();
    open ??= { index: addPart(), type, id, text: '', bytes: 0, startedAt: now() };
    const current = open;
    current.text += chunk;
    current.bytes += bytes;
    onPart(current.index, () => ({ type, text: current.text }));
  }

  function showTool(id: string): void {
    const tool = toolOf(id);
    if (endedTools.has(id) || (!hasTitle(tool) && !approvals.has(id))) return;
    if (!toolParts.has(id)) {
      closeText();
      toolParts.set(id, addPart());
    }
    for (const one of tool.content) {
      if (one.type === 'terminal') toolOfTerminal.set(one.terminalId, id);
    }
    const index = toolParts.get(id) ?? 0;
    if (!isFinished(tool)) return onPart(index, () => toolPart(id));
    endedTools.add(id);
    const content = toolPart(id);
    onPart(index, () => content);
  }

  function toolPart(id: string): ToolPart {
    const tool = toolOf(id);
    const approval = approvals.get(id);
    return toToolPart(tool, {
      durationMs: now() - tool.startedAt,
      terminalOutput: (terminalId) => terminalOutputs.get(terminalId) ?? '',
      ...(approval && { approval }),
    });
  }

  function note(text: string, tone: Tone = 'info'): void {
    closeText();
    onPart(addPart(), () => ({ type: 'note', text: text.slice(0, TURN_TITLE_LENGTH), tone }));
  }

  function showPlan(entries: Extract<SessionUpdate, { sessionUpdate: 'plan' }>['entries']): void {
    if (entries.length === 0 && planPart === null) return;
    if (planPart === null) {
      closeText();
      planPart = addPart();
    }
    const shown = entries.slice(0, MAX_PLAN_ENTRIES).map(({ content, status }) => ({
      text: firstLine(content, TURN_TITLE_LENGTH - 2),
      status: PLAN_STATUSES.get(status) ?? 'pending',
    }));
    onPart(planPart, () => ({ type: 'plan', entries: shown }));
  }

  return {
    /** Records an update that the transcript has already applied to its tool calls. */
    update(event: SessionUpdate): void {
      switch (event.sessionUpdate) {
        case 'agent_message_chunk':
          return appendText('message', event.messageId ?? '', sanitize(contentText(event.content)));
        case 'agent_thought_chunk':
          return appendText('thought', event.messageId ?? '', sanitize(contentText(event.content)));
        case 'tool_call':
        case 'tool_call_update':
          return showTool(event.toolCallId);
        case 'plan':
          return showPlan(event.entries);
        case 'notice': {
          const detail = event.description ? `: ${firstLine(event.description, 500)}` : '';
          return note(firstLine(event.title) + detail, TONES.get(event.severity));
        }
        case 'current_mode_update':
          return note(`Mode: ${firstLine(event.currentModeId)}`);
        case 'compaction_update':
          return event.status === 'completed' ? note('The conversation was compacted.') : undefined;
        case 'usage_update':
        case 'user_message_chunk':
        case 'available_commands_update':
        case 'compaction_summary_chunk':
        case 'config_option_update':
        case 'session_info_update':
          return undefined;
        default:
          // A newer version of ACP may add updates.
          event satisfies never;
          return undefined;
      }
    },

    /** A line from Signalbox itself. */
    note: (text: string): void => note(text),

    /** A tool call is waiting for approval. */
    approvalRequested(id: string): void {
      approvals.set(id, { state: 'waiting' });
      showTool(id);
    },

    /** @param option the selected option; null if the request was withdrawn */
    approvalResolved(id: string, option: { name: string; kind: string } | null): void {
      const state = option?.kind.startsWith('allow') ? 'allowed' : 'rejected';
      approvals.set(
        id,
        option ? { state, option: firstLine(option.name) } : { state: 'withdrawn' },
      );
      showTool(id);
    },

    /** Output of a command that the program runs in an ACP terminal. */
    output(terminalId: string, lines: string): void {
      const output = (terminalOutputs.get(terminalId) ?? '') + lines;
      terminalOutputs.set(terminalId, output.slice(-MAX_TERMINAL_OUTPUT));
      const id = toolOfTerminal.get(terminalId);
      if (id !== undefined) showTool(id);
    },

    /** The turn has ended. */
    end: closeText,
  };
}
