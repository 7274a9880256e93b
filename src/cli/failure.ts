// An end with a message for the person at the keyboard, and an exit code for the script.

/** Thrown by a command; `main` prints the message and exits with the code. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
