// The entry point. A long-running process hides its secrets before anything else is loaded: this may start the program
// again.
import { hideSecrets } from './cli/hide-secrets.ts';

const LONG_RUNNING = ['up', 'serve', 'agent'];

// All options before the name of the command are flags without a value.
const name = process.argv.slice(2).find((word) => !word.startsWith('-')) ?? '';
if (LONG_RUNNING.includes(name)) await hideSecrets();
const { main } = await import('./cli/program.ts');
await main(name);
