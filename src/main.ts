// The command line.
import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { agentCommand } from './cli/agent.ts';
import { CliError } from './cli/cli-error.ts';
import { doctorCommand } from './cli/doctor.ts';
import { formatHelp } from './cli/help.ts';
import { interruptCommand } from './cli/interrupt.ts';
import { loginCommand } from './cli/login.ts';
import { logsCommand } from './cli/logs.ts';
import { psCommand } from './cli/ps.ts';
import { runCommand } from './cli/run.ts';
import { serveCommand } from './cli/serve.ts';
import { upCommand } from './cli/up.ts';

const program = new Command('signalbox')
  .description('Control your AI coding agents from a browser')
  .version(packageJson.version, '-V, --version', 'Show the version')
  .addCommand(upCommand())
  .addCommand(serveCommand())
  .addCommand(agentCommand())
  .addCommand(loginCommand())
  .addCommand(runCommand())
  .addCommand(psCommand())
  .addCommand(logsCommand())
  .addCommand(interruptCommand())
  .addCommand(doctorCommand())
  .addHelpText('after', '\nTo try it, start a hub and a local agent:\n  signalbox up');

formatHelp(program)
  .parseAsync()
  .then(
    // Flush stdout, then exit even if sockets or timers are still open.
    () => process.stdout.write('', () => process.exit()),
    (error: unknown) => {
      if (!(error instanceof CliError)) throw error;
      process.stderr.write(`Error: ${error.message}\n`);
      process.exit(error.exitCode);
    },
  );
