// `expect(promise).rejects` blocks the thread, so it hangs if a worker has to settle the promise.

/** Returns the message of the error with which a promise rejects. */
export async function rejectionOf(promise: Promise<unknown>): Promise<string> {
  const settled = await Promise.allSettled([promise]);
  if (settled[0].status === 'fulfilled') throw new Error('The promise was fulfilled.');
  const { reason } = settled[0];
  return reason instanceof Error ? reason.message : String(reason);
}
