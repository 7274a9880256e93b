// Checks approval requests: each is asked once, answered with the first response, and not pending after the end.
import type { ApprovalUpdate, DashboardRecord } from '../dashboard/record.ts';
import type { History } from '../history.ts';
import type { ApprovalRow } from '../rows.ts';

export function checkApprovals(history: History): string[] {
  const rows = new Map(history.approvals.map((row) => [row.approvalId, row]));
  return [
    ...history.approvals.flatMap((row) => checkRow(history, row)),
    ...checkAnswers(history),
    ...checkInbox(history),
    ...[...history.records, history.observer].flatMap((record) =>
      checkUpdates(history, record, rows).map((violation) => `${record.name}: ${violation}`),
    ),
  ];
}

function checkRow({ planned }: History, row: ApprovalRow): string[] {
  const { title, commandId, outcome, optionId, resolvedAt } = row;
  const violations: string[] = [];
  const name = planned.get(commandId)?.spec.name;
  if (name === undefined || !title.startsWith(`${name} `)) {
    violations.push(`approval ${title} belongs to ${name ?? commandId}`);
  }
  if (outcome === null || resolvedAt === null) {
    violations.push(`approval ${title} is still pending at the end`);
  }
  if ((outcome === 'selected') !== (optionId !== null)) {
    violations.push(`approval ${title} is ${outcome} with the option ${optionId}`);
  }
  return violations;
}

/** What a program asked is stored once, and the answer it received is the stored one. */
function checkAnswers({ approvals, asked, answered }: History): string[] {
  const violations: string[] = [];
  const byTitle = Map.groupBy(approvals, ({ title }) => title);
  const titles = new Set(asked.map(({ name }) => name));
  for (const [title, { length }] of byTitle) {
    if (!titles.has(title)) violations.push(`approval ${title} is stored, but was not asked`);
    if (length > 1) violations.push(`approval ${title} is stored ${length} times`);
  }
  for (const [title, answers] of Map.groupBy(answered, ({ name }) => name.replace(/ \w+$/, ''))) {
    const [row] = byTitle.get(title) ?? [];
    const options = answers.map(({ name }) => name.split(' ').at(-1));
    const stored = row?.optionId ?? 'cancelled';
    // A response that is stored while the program is being stopped does not reach it.
    const isRight = options.length === 1 && (options[0] === stored || options[0] === 'cancelled');
    if (!isRight) {
      violations.push(
        `approval ${title} was answered ${options.join(', ')}, but ${stored} is stored`,
      );
    }
  }
  return violations;
}

/**
 * After the end of its command, an agent receives a resolution only if it was cancelled with the command, and once: the
 * hub does not resend it.
 */
function checkInbox({ plan, inboxes, approvals }: History): string[] {
  const rows = new Map(approvals.map((row) => [row.approvalId, row]));
  return inboxes.flatMap((messages, agent) => {
    const violations: string[] = [];
    const ended = new Set<string>();
    const sent = new Set<string>();
    for (const message of messages) {
      if (message.type === 'command:acknowledged') ended.add(message.commandId);
      if (message.type === 'approval:resolved') {
        const { approvalId } = message;
        const row = rows.get(approvalId);
        const hasEnded = row !== undefined && ended.has(row.commandId);
        // While the store fails, a resolution may be sent early to an agent that reconnects.
        const key = hasEnded && plan.isInProcess ? `late ${approvalId}` : approvalId;
        if (hasEnded && sent.has(key)) {
          violations.push(`a${agent} received approval ${row.title} again after its command ended`);
        }
        sent.add(key);
      }
    }
    return violations;
  });
}

/**
 * A dashboard receives the request, the stored resolution, and the confirmation, in this order. Of several hubs, the next one
 * can know less than the one before, for a moment.
 */
function checkUpdates(
  { plan }: History,
  { approvalUpdates, welcomes }: DashboardRecord,
  rows: Map<string, ApprovalRow>,
): string[] {
  return [...Map.groupBy(approvalUpdates, ({ approvalId }) => approvalId)].flatMap(
    ([approvalId, updates]) => {
      const row = rows.get(approvalId);
      if (!row) return [`received approval ${approvalId}, which is not stored`];
      const ofHubs = Map.groupBy(updates, (update) =>
        plan.clockSkews.length > 1
          ? welcomes.find(({ connection }) => connection === update.connection)?.hubEpoch
          : undefined,
      );
      return [
        ...ofHubs.values().flatMap((ofHub) => checkUpdateOrder(row, ofHub)),
        ...updates.flatMap((update) => checkUpdate(row, update)),
      ];
    },
  );
}

function checkUpdateOrder({ title }: ApprovalRow, updates: ApprovalUpdate[]): string[] {
  const kinds = updates.map(({ kind }) => kind);
  const isResolvedOnce = kinds.filter((kind) => kind === 'resolved').length <= 1;
  const isRequestedFirst = kinds.lastIndexOf('request') <= Math.min(...indexesOf(kinds));
  return isResolvedOnce && isRequestedFirst
    ? []
    : [`received ${kinds.join(', ')} for approval ${title}`];
}

const indexesOf = (kinds: ApprovalUpdate['kind'][]) =>
  (['resolved', 'applied'] as const).map((kind) =>
    kinds.includes(kind) ? kinds.indexOf(kind) : Infinity,
  );

/** What is received is stored. Agents confirm that a request was cancelled, too. */
function checkUpdate(row: ApprovalRow, { kind, outcome, optionId }: ApprovalUpdate): string[] {
  const isRight =
    kind === 'request' ||
    (kind === 'resolved' && outcome === row.outcome && optionId === row.optionId) ||
    (kind === 'applied' && row.appliedAt !== null);
  return isRight
    ? []
    : [
        `approval ${row.title} was ${kind} ${outcome ?? ''} ${optionId ?? ''}, but is stored as ${JSON.stringify(row)}`,
      ];
}
