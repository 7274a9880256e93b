// The command line of the one binary.
import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { agentCommand } from './cli/agent.ts';
import { doctorCommand } from './cli/doctor.ts';
import { Failure } from './cli/failure.ts';
import { interruptCommand } from './cli/interrupt.ts';
import { loginCommand } from './cli/login.ts';
import { logsCommand } from './cli/logs.ts';
import { psCommand } from './cli/ps.ts';
import { runCommand } from './cli/run.ts';
import { serveCommand } from './cli/serve.ts';
import { upCommand } from './cli/up.ts';

const program = new Command('signalbox')
  .description('Steer your AI coding agents from a browser.')
  .version(packageJson.version)
  .addCommand(upCommand())
  .addCommand(serveCommand())
  .addCommand(agentCommand())
  .addCommand(loginCommand())
  .addCommand(runCommand())
  .addCommand(psCommand())
  .addCommand(logsCommand())
  .addCommand(interruptCommand())
  .addCommand(doctorCommand())
  .addHelpText('after', '\nExample:\n  signalbox up      a hub and one agent on this machine');

program.parseAsync().then(
  // Once all is written: sockets and timers of what has ended must not keep the process.
  () => process.stdout.write('', () => process.exit()),
  (error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`signalbox: ${error.message}\n`);
    process.exit(error.exitCode);
  },
);
