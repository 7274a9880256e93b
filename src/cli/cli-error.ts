// An expected failure of a command, such as a missing token or a hub that cannot be reached.

/** Thrown by a command. `main` prints the message without a stack trace and exits with the code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
