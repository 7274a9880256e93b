// An expected failure of a command, such as a missing token or a hub that cannot be reached.

/** Thrown by a command. `main` prints the message without a stack trace, and exits with the code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** Null exits with the code for failures of the command. */
  readonly exitCode: number | null;

  constructor(message: string, exitCode: number | null = null) {
    super(message);
    this.exitCode = exitCode;
  }
}
