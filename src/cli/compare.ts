// `signalbox run` with several agents: the same command for each, their output as it comes, and in the end what each
// took and changed.
import { type ComparisonBody, ComparisonAnswer } from '../protocol/api.ts';
import { CommandExecution } from '../protocol/entities.ts';
import { changesInWords, costInWords } from '../protocol/report-words.ts';
import type { Client } from './client.ts';
import { showBehind, showJson } from './output.ts';
import { printTable } from './table.ts';
import { watch } from './watch.ts';

export interface CompareOptions {
  client: Client;
  json: boolean;
  body: ComparisonBody;
}

/**
 * Gives a command to several agents and shows what comes of it until all have ended.
 * @returns whether all have completed
 */
export async function compare({ client, json, body }: CompareOptions): Promise<boolean> {
  const asked = { comparisonId: Bun.randomUUIDv7(), ...body };
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
  process.once('SIGINT', () => {
    interrupt();
    process.once('SIGINT', () => process.exit(130));
  });
  const { comparisonId, commands } = await client.post('/comparisons', ComparisonAnswer, asked);
  const width = Math.max(...commands.map(({ agentId }) => agentId.length));
  const watching = commands.map(({ commandId, agentId }) =>
    watch({
      client,
      commandId,
      begin: () => undefined,
      show: json ? showJson : showBehind(agentId.padEnd(width)),
    }),
  );
  void interrupted.then(() => {
    for (const one of watching) one.interrupt();
  });
  await Promise.all(watching.map(({ ended }) => ended));
  const results = await Promise.all(
    commands.map(({ commandId }) => client.get(`/commands/${commandId}`, CommandExecution)),
  );
  if (json) process.stdout.write(`${JSON.stringify({ comparisonId, commands: results })}\n`);
  else show(`${client.hub}/compare/${comparisonId}`, results);
  return results.every(({ status }) => status === 'completed');
}

function show(address: string, results: readonly CommandExecution[]): void {
  process.stdout.write('\n');
  printTable([
    ['AGENT', 'STATUS', 'TIME', 'COST', 'TOKENS', 'CHANGE'],
    ...results.map((result) => [
      result.agentId,
      result.error ? `${result.status} (${result.error.code})` : result.status,
      time(result),
      result.usage?.cost ? costInWords(result.usage.cost) : '-',
      String(result.usage?.used ?? '-'),
      result.changes ? changesInWords(result.changes) : '-',
    ]),
  ]);
  process.stdout.write(`\nSide by side: ${address}\n`);
}

function time({ startedAt, completedAt }: CommandExecution): string {
  if (startedAt === null || completedAt === null) return '-';
  return `${((completedAt - startedAt) / 1000).toFixed(1)} s`;
}
