// `signalbox run` with several agents: sends the same command to all of them and compares the results.
import { type ComparisonBody, AcceptedComparison } from '../protocol/api.ts';
import { getRunTime } from '../protocol/command-state.ts';
import { formatDuration } from '../protocol/duration.ts';
import { CommandExecution } from '../protocol/entities.ts';
import { formatChanges, formatCost } from '../protocol/report-format.ts';
import type { ApiClient } from './api-client.ts';
import { followCommand } from './follow-command.ts';
import { formatState } from './outcome.ts';
import { createPrefixedWriter, writeJson } from './output-writer.ts';
import { writeError, writeOut } from './output.ts';
import { handleInterrupt } from './signals.ts';
import { printTable } from './table.ts';
import { toJson } from './json.ts';

export interface ComparisonOptions {
  client: ApiClient;
  json: boolean;
  body: ComparisonBody;
}

/**
 * Sends a command to several agents, streams the output, and prints a table of results.
 * @returns whether every command completed
 */
export async function runComparison({ client, json, body }: ComparisonOptions): Promise<boolean> {
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
  handleInterrupt(interrupt);
  const request = { comparisonId: Bun.randomUUIDv7(), ...body };
  const { comparisonId, commands } = await client.post('/comparisons', AcceptedComparison, request);
  if (!json) {
    for (const { commandId, agentId } of commands) {
      writeError(`Command ID: ${commandId} (${agentId})\n`);
    }
  }
  const width = Math.max(...commands.map(({ agentId }) => agentId.length));
  const followed = commands.map(({ commandId, agentId }) =>
    followCommand({
      client,
      command: commandId,
      write: json ? writeJson : createPrefixedWriter(agentId.padEnd(width)),
    }),
  );
  void interrupted.then(() => {
    for (const command of followed) command.interrupt();
  });
  await Promise.all(followed.map(({ finished }) => finished));
  const results = await Promise.all(
    commands.map(({ commandId }) => client.get(`/commands/${commandId}`, CommandExecution)),
  );
  if (json) writeOut(`${toJson({ comparisonId, commands: results })}\n`);
  else printResults(`${client.hub}/compare/${comparisonId}`, results);
  return results.every(({ status }) => status === 'completed');
}

function printResults(url: string, results: readonly CommandExecution[]): void {
  writeOut('\n');
  printTable([
    ['AGENT', 'STATUS', 'TIME', 'COST', 'TOKENS', 'CHANGES'],
    ...results.map((result) => [
      result.agentId,
      formatState(result),
      runTime(result),
      result.usage?.cost ? formatCost(result.usage.cost) : '-',
      String(result.usage?.used ?? '-'),
      result.changes ? formatChanges(result.changes) : '-',
    ]),
  ]);
  writeOut(`\nCompare in the browser: ${url}\n`);
}

function runTime(result: CommandExecution): string {
  const ms = getRunTime(result);
  return ms === null ? '-' : formatDuration(ms);
}
