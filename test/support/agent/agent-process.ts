// An agent in a process of its own, for tests that kill it. The first argument holds its options as JSON.
import { startAgent } from '../../../src/agent/agent.ts';

const agent = startAgent({
  ...JSON.parse(process.argv[2] ?? '{}'),
  random: () => 0,
  log: (line) => console.log(line),
});
process.on('SIGTERM', () => void agent.stop());
const { exitCode, reason } = await agent.ended;
console.log(`ended: ${reason}`);
process.exit(exitCode);
