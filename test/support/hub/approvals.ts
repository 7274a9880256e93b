// Sends approval requests as the agent of a hub fixture.
import type { HubFixture } from './hub-fixture.ts';

export const approvalOptions = [
  { optionId: 'yes', name: 'Allow once', kind: 'allow_once' },
  { optionId: 'no', name: 'Reject', kind: 'reject_once' },
];

/** Sends an approval request and returns it. */
export function sendApprovalRequest(
  { agent }: { agent: Pick<HubFixture['agent'], 'send'> },
  commandId: string,
  detail = '-a\n+b',
) {
  const request = {
    type: 'approval:request',
    approvalId: crypto.randomUUID(),
    commandId,
    title: 'Edit a file?',
    detail,
    options: approvalOptions,
  } as const;
  agent.send(request);
  return request;
}

/** Sends an approval request and returns it once the dashboard has received it. */
export async function requestApproval(
  { agent, dashboard }: Pick<HubFixture, 'agent' | 'dashboard'>,
  commandId: string,
  detail?: string,
) {
  const request = sendApprovalRequest({ agent }, commandId, detail);
  await dashboard.waitFor(
    'approval:request',
    ({ approvalId }) => approvalId === request.approvalId,
  );
  return request;
}
