// `signalbox pause` and `signalbox resume`: hold the queued commands of an agent, and let them run again.
import { Command } from 'commander';
import { AgentSummary } from '../protocol/entities.ts';
import { PAUSE_NOTE_LENGTH } from '../protocol/limits.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { CliError } from './cli-error.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { toJson } from './json.ts';
import { writeOut } from './output.ts';

const pathOf = (agentId: string) => `/agents/${encodeURIComponent(agentId)}/pause`;

export function pauseCommand(): Command {
  return withClientOptions(new Command('pause'))
    .description('Hold the queued commands of an agent until it is resumed')
    .argument('<agent>', 'Agent ID')
    .argument('[note...]', 'Why, for everybody who sees the agent')
    .addHelpText(
      'after',
      `
A running command continues. Use interrupt to stop it.

Example:
  signalbox pause build-1 'deploying by hand until 15:00'`,
    )
    .action(async (agentId: string, words: string[], flags: ClientFlags) => {
      const note = words.join(' ');
      if (note.length > PAUSE_NOTE_LENGTH) {
        throw new CliError(`A note has at most ${PAUSE_NOTE_LENGTH} characters.`);
      }
      const client = createApiClient(flags.hub);
      const agent = await client.requestJson('PUT', pathOf(agentId), AgentSummary, { note });
      report(flags, agent, `${agent.agentId} is paused. ${describeQueue(agent)}`);
    });
}

export function resumeCommand(): Command {
  return withClientOptions(new Command('resume'))
    .description('Let the queued commands of a paused agent run again')
    .argument('<agent>', 'Agent ID')
    .addHelpText('after', '\nExample:\n  signalbox resume build-1')
    .action(async (agentId: string, flags: ClientFlags) => {
      const client: ApiClient = createApiClient(flags.hub);
      const agent = await client.requestJson('DELETE', pathOf(agentId), AgentSummary);
      report(flags, agent, `${agent.agentId} is resumed.`);
    });
}

function describeQueue({ queueLength }: AgentSummary): string {
  if (queueLength === 0) return 'Its queue is empty.';
  return queueLength === 1 ? '1 command is waiting.' : `${queueLength} commands are waiting.`;
}

function report({ json }: ClientFlags, agent: AgentSummary, text: string): void {
  writeOut(json ? `${toJson(agent)}\n` : `${text}\n`);
}
