// Formats caught values, which are not always errors.

/** Returns the message of an error, and any other value as a string. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
