// The text of a caught value, which may be anything.

/** The message of an error, or the value as a string. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
