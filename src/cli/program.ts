// The command line.
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { CliError } from './cli-error.ts';
import { ExitCode } from './exit-codes.ts';
import { formatHelp } from './help.ts';
import { outputFailed, whenWritten, writeError } from './output.ts';

/** In the order of the help. Only the command that is used is loaded: loading takes longer than most of them run. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./up.ts')).upCommand(),
  serve: async () => (await import('./serve.ts')).serveCommand(),
  agent: async () => (await import('./agent.ts')).agentCommand(),
  login: async () => (await import('./login.ts')).loginCommand(),
  run: async () => (await import('./run.ts')).runCommand(),
  ps: async () => (await import('./ps.ts')).psCommand(),
  logs: async () => (await import('./logs.ts')).logsCommand(),
  search: async () => (await import('./search.ts')).searchCommand(),
  changes: async () => (await import('./changes.ts')).changesCommand(),
  interrupt: async () => (await import('./interrupt.ts')).interruptCommand(),
  change: async () => (await import('./change.ts')).changeCommand(),
  pause: async () => (await import('./pause.ts')).pauseCommand(),
  resume: async () => (await import('./pause.ts')).resumeCommand(),
  user: async () => (await import('./user.ts')).userCommand(),
  audit: async () => (await import('./audit.ts')).auditCommand(),
  hubs: async () => (await import('./hubs.ts')).hubsCommand(),
  token: async () => (await import('./token.ts')).tokenCommand(),
  'agent-token': async () => (await import('./agent-token-command.ts')).agentTokenCommand(),
  'rotate-key': async () => (await import('./rotate-key.ts')).rotateKeyCommand(),
  migrate: async () => (await import('./migrate.ts')).migrateCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
};

const program = new Command('signalbox')
  .description('Control your AI coding agents from a browser')
  .version(packageJson.version, '-V, --version', 'Show the version')
  .addHelpText('after', '\nTo try it, start a hub and a local agent:\n  signalbox up');

/** Adds the command with a name, or all commands if there is none, for the help and for usage errors. */
async function addCommands(name: string): Promise<void> {
  const isKnown = Object.hasOwn(commands, name);
  for (const [key, load] of Object.entries(commands)) {
    if (!isKnown || key === name) program.addCommand(await load());
  }
  formatHelp(program);
}

/** Runs the command, writes its output to the end, and returns the exit code. */
async function run(name: string): Promise<number> {
  try {
    await addCommands(name);
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

/**
 * Runs the command line, and exits even if sockets or timers are still open.
 * @param name of the command that is used; another text if there is none
 */
export async function main(name: string): Promise<never> {
  const exitCode = await Promise.race([run(name), outputFailed]).catch(reportError);
  process.exit(exitCode);
}
