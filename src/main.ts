// The command line.
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { agentCommand } from './cli/agent.ts';
import { auditCommand } from './cli/audit.ts';
import { agentTokenCommand } from './cli/agent-token-command.ts';
import { CliError } from './cli/cli-error.ts';
import { doctorCommand } from './cli/doctor.ts';
import { ExitCode } from './cli/exit-codes.ts';
import { formatHelp } from './cli/help.ts';
import { interruptCommand } from './cli/interrupt.ts';
import { loginCommand } from './cli/login.ts';
import { logsCommand } from './cli/logs.ts';
import { outputFailed, whenWritten, writeError } from './cli/output.ts';
import { psCommand } from './cli/ps.ts';
import { rotateKeyCommand } from './cli/rotate-key.ts';
import { runCommand } from './cli/run.ts';
import { serveCommand } from './cli/serve.ts';
import { tokenCommand } from './cli/token.ts';
import { upCommand } from './cli/up.ts';
import { userCommand } from './cli/user.ts';

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
  .addCommand(userCommand())
  .addCommand(auditCommand())
  .addCommand(tokenCommand())
  .addCommand(agentTokenCommand())
  .addCommand(rotateKeyCommand())
  .addCommand(doctorCommand())
  .addHelpText('after', '\nTo try it, start a hub and a local agent:\n  signalbox up');

formatHelp(program);

/** Runs the command, writes its output to the end, and returns the exit code. */
async function run(): Promise<number> {
  try {
    await program.parseAsync();
  } catch (error) {
    // Thrown after help and usage errors, which are already written.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode && failureExitCode();
  }
  await whenWritten();
  return Number(process.exitCode ?? 0);
}

async function reportError(error: unknown): Promise<number> {
  if (!(error instanceof CliError)) throw error;
  writeError(`Error: ${error.message}\n`);
  await whenWritten();
  return error.exitCode ?? failureExitCode();
}

/** Returns the exit code for a failure of the command line itself. */
function failureExitCode(): number {
  return program.args[0] === 'run' ? ExitCode.runFailure : ExitCode.failure;
}

// Exits even if sockets or timers are still open.
void Promise.race([run(), outputFailed])
  .catch(reportError)
  .then((exitCode) => process.exit(exitCode));
