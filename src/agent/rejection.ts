// Error messages for an agent that the hub has rejected (docs/protocol.md, "Close codes").

/** @param reason the reason in the hub's close frame */
export function rejectionMessage(reason: string, agentId: string): string {
  switch (reason) {
    case 'unauthenticated':
    case 'expired':
      return `The hub rejected the token for "${agentId}". Ask an admin for a new one.`;
    case 'revoked':
      return `The token was revoked, or "${agentId}" was removed from the hub. Ask an admin for a new token.`;
    case 'agent_in_use':
      return `Another process is connected as "${agentId}". Stop it, or use another agent ID.`;
    case 'replaced':
      return `Another process took over agent "${agentId}".`;
    case 'unsupported_version':
      return 'The hub does not support this version of Signalbox. Use the same version as the hub.';
    default:
      return `The hub rejected "${agentId}": ${reason || 'no reason given'}.`;
  }
}
