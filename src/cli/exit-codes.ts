// Exit codes with a meaning of their own, as other programs use them.

export const ExitCode = {
  /** A command failed. */
  failure: 1,
  /** `run`: the command timed out, as in timeout(1). */
  timeout: 124,
  /** `run` itself failed. Differs from the usual exit codes of commands, as in `docker run`. */
  runFailure: 125,
  /** Ended by Ctrl-C, as in a shell: 128 plus the number of SIGINT. */
  interrupted: 130,
  /** The reader closed the pipe early, as in a shell: 128 plus the number of SIGPIPE. */
  brokenPipe: 141,
} as const;
