// What the pages need of the hub and of auth: the two things that whoever mounts them provides.
import type {
  RegisteredAgent,
  AgentRegistration,
  AcceptedCommand,
  CommandBody,
  CommandPage,
  CommandQuery,
  AcceptedComparison,
  ComparisonBody,
} from '../../protocol/api.ts';
import type { Actor as Identity } from '../../hub/state/dashboard.ts';
import type { Approval } from '../../protocol/approvals.ts';
import type { AgentSummary, CommandExecution } from '../../protocol/entities.ts';

/** Somebody who has signed in. */
export type { Identity };

/** The hub, as the pages see it: the same functions the API calls. */
export interface PageSource {
  agents(): AgentSummary[];
  agent(agentId: string): AgentSummary | undefined;
  /** The running (or sent) command first, then the queue in order. */
  live(agentId: string): CommandExecution[];
  /** Newest first. */
  history(query: CommandQuery): Promise<CommandPage>;
  command(id: string): Promise<CommandExecution | undefined>;
  outputState(id: string): 'held' | 'expired';
  /** @throws {HubError} */
  request(who: Identity, body: CommandBody): Promise<AcceptedCommand>;
  /** @throws {HubError} */
  compare(who: Identity, body: ComparisonBody): Promise<AcceptedComparison>;
  /** @throws {HubError} */
  interrupt(who: Identity, commandId: string): Promise<void>;
  /** The open questions, oldest first. */
  approvals(): Approval[];
  /** Everything one command asked, oldest first. */
  approvalsOf(commandId: string): Promise<Approval[]>;
  /** @throws {HubError} */
  respond(who: Identity, approvalId: string, optionId: string): Promise<void>;
  /** @throws {HubError} */
  registerAgent(who: Identity, body: AgentRegistration): Promise<RegisteredAgent>;
  /** @throws {HubError} */
  revokeAgent(who: Identity, agentId: string): Promise<void>;
}

/** Who somebody is, and how they come in and go. */
export interface PageAuth {
  /** From the cookie. */
  identify(request: Request): Promise<Identity | null>;
  /** The Set-Cookie to answer with; null where name or password is wrong. @throws {HubError} `rate_limited` */
  logIn(username: string, password: string, request: Request): Promise<{ cookie: string } | null>;
  /** The Set-Cookie that clears. */
  logOut(): string;
  /** Makes the first account; null where the token is not, or no longer, good. @throws {HubError} */
  setUp(token: string, password: string): Promise<{ cookie: string } | null>;
  setupPending(token: string): boolean;
  /** Where agents reach this hub, for the line to paste. */
  hubUrl(request: Request): string;
}
