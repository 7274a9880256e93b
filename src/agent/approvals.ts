// The questions of the running command: asked until answered, told again after every reconnect, and each answer
// confirmed once the program has it (protocol.md, "approval:request").
import type { AgentApprovalResolved } from '../protocol/hub-to-agent.ts';
import { cut } from '../protocol/text.ts';
import type { ApprovalResponse, ApprovalRequestContent } from './runner.ts';
import type { Send } from './hub-connection.ts';

const DETAIL_BYTES = 65_536;

export type Approvals = ReturnType<typeof createApprovals>;

interface Open {
  question: ApprovalRequestContent;
  answer(answer: ApprovalResponse): void;
}

export function createApprovals(commandId: string, send: Send) {
  const open = new Map<string, Open>();
  /** The program has these answers. */
  const applied = new Set<string>();

  function tell(approvalId: string, question: ApprovalRequestContent): void {
    send({ type: 'approval:request', approvalId, commandId, ...question });
  }

  /** A message has its limit, and nobody reads a diff of a megabyte before answering. */
  function shorten({ detail, ...question }: ApprovalRequestContent): ApprovalRequestContent {
    if (detail === undefined) return question;
    const [head, rest] = cut(detail, DETAIL_BYTES);
    return { ...question, detail: rest === '' ? head : `${head}…` };
  }

  function confirm(approvalId: string): void {
    applied.add(approvalId);
    send({ type: 'approval:applied', approvalId });
  }

  return {
    ask(question: ApprovalRequestContent): Promise<ApprovalResponse> {
      const approvalId = Bun.randomUUIDv7();
      return new Promise((answer) => {
        const short = shorten(question);
        open.set(approvalId, { question: short, answer });
        tell(approvalId, short);
      });
    },

    /** Tells the hub again what is still open. */
    repeat(): void {
      for (const [approvalId, { question }] of open) tell(approvalId, question);
    },

    resolved({ approvalId, outcome, optionId }: AgentApprovalResolved): void {
      // The hub repeats an answer until it hears that the program has it.
      if (applied.has(approvalId)) return confirm(approvalId);
      const waiting = open.get(approvalId);
      open.delete(approvalId);
      waiting?.answer({
        outcome,
        ...(optionId !== undefined && { optionId }),
        applied: () => confirm(approvalId),
      });
    },

    /** The command is over, and with it its questions. */
    cancel(): void {
      for (const { answer } of open.values()) {
        answer({ outcome: 'cancelled', applied: () => undefined });
      }
      open.clear();
    },
  };
}
