// The entry point. A long-running process hides its secrets before anything else is loaded: this may start the program again.
import { hideSecrets } from './cli/hide-secrets.ts';

const LONG_RUNNING = ['up', 'serve', 'agent'];

if (LONG_RUNNING.includes(process.argv[2] ?? '')) await hideSecrets();
const { main } = await import('./cli/program.ts');
await main();
