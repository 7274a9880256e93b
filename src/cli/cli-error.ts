// An expected failure of a command, such as a missing token or a hub that cannot be reached.
import type { ErrorCode } from '../protocol/errors.ts';

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

/** A request that the hub rejected. */
export class HubRejection extends CliError {
  readonly code: ErrorCode;

  constructor({ code, message }: { code: ErrorCode; message: string }) {
    super(message);
    this.code = code;
  }
}
