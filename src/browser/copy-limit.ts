// The limit for copies of output. Larger ones would block the page, and few programs can paste them.
import { formatSize } from '../protocol/size.ts';

const MAX_COPY_BYTES = 5 * 1_048_576;

/** The output is larger than what can be copied. Its message is for the user. */
export class TooLargeError extends Error {
  constructor(bytes: number) {
    super(`Too large to copy (${formatSize(bytes)}). Download it instead.`);
  }
}

/** Checks a response with output before its body is read. @throws {TooLargeError} */
export async function requireCopyable(response: Response): Promise<void> {
  const bytes = Number(response.headers.get('signalbox-total-bytes'));
  if (bytes <= MAX_COPY_BYTES) return;
  await response.body?.cancel();
  throw new TooLargeError(bytes);
}
