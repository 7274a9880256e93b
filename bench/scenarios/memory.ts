// The resident memory of a hub: idle, and after many commands with 1 MB of output each.
import { join } from 'node:path';
import { BUFFER_BYTES, CHUNK_BYTES } from '../../src/protocol/limits.ts';
import { startHubBinary } from '../../test/support/binary.ts';
import { SIGNALBOX } from '../contestants.ts';
import type { Scenario } from '../scenario.ts';
import { startHub } from '../servers.ts';
import { measureUsage, readResidentMegabytes } from '../usage.ts';

/** How long the hub has to become idle, after its start and after a load. */
const SETTLE_MS = 2_000;
const IDLE_GOAL_MB = 60;
/** The output of ended commands is on disk. */
const AFTER_GOAL_MB = 150;
const COMMANDS = 1_000;
const AGENTS = 10;

const idleMemory: Scenario = {
  name: 'memory-idle',
  description: 'resident memory of an idle hub',
  isQuick: true,
  prepare: ({ folder }) =>
    Promise.resolve({
      contestants: [
        {
          name: SIGNALBOX,
          async measure() {
            const hub = await startHubBinary(join(folder, Bun.randomUUIDv7()));
            await Bun.sleep(SETTLE_MS);
            const megabytes = readResidentMegabytes(hub.pid);
            hub.kill('SIGTERM');
            await hub.exited;
            return { megabytes };
          },
        },
      ],
      rows: [
        {
          what: 'resident memory, idle',
          unit: 'MB',
          value: { contestant: SIGNALBOX, figure: 'megabytes' },
          goal: { of: 'value', atMost: IDLE_GOAL_MB },
        },
      ],
    }),
};

const memoryAfterCommands: Scenario = {
  name: 'memory-commands',
  description: 'resident memory after 1,000 commands with 1 MB of output each, and 500 more',
  rounds: 1,
  async prepare(context) {
    const { pid, load } = await startHub(context, { readers: 0, sources: AGENTS });
    const commands = context.scale(COMMANDS, AGENTS);
    const run = (count: number) =>
      measureUsage(pid, async () => {
        await load.runCommands({ commands: count, chunks: Math.floor(BUFFER_BYTES / CHUNK_BYTES) });
        await Bun.sleep(SETTLE_MS);
      });
    const value = (figure: string) => ({ contestant: SIGNALBOX, figure });
    const what = `after ${commands.toLocaleString('en-US')} commands of 1 MB`;
    return {
      contestants: [
        {
          name: SIGNALBOX,
          async measure() {
            const first = await run(commands);
            const afterMegabytes = readResidentMegabytes(pid);
            const more = await run(Math.ceil(commands / 2));
            return {
              afterMegabytes,
              peakMegabytes: Math.max(first.peakMegabytes, more.peakMegabytes),
              laterMegabytes: readResidentMegabytes(pid),
            };
          },
        },
      ],
      rows: [
        {
          what: `resident memory ${what}`,
          unit: 'MB',
          value: value('afterMegabytes'),
          goal: { of: 'value', atMost: AFTER_GOAL_MB },
        },
        { what: `peak memory ${what}`, unit: 'MB', value: value('peakMegabytes') },
        {
          what: `resident memory after ${Math.ceil(commands / 2).toLocaleString('en-US')} more commands`,
          unit: 'MB',
          value: value('laterMegabytes'),
          reference: { ...value('afterMegabytes'), label: 'before' },
          goal: { of: 'ratio', atMost: 1.05 },
        },
      ],
    };
  },
};

export const memoryScenarios: readonly Scenario[] = [idleMemory, memoryAfterCommands];
