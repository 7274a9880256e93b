// Requests a URL every few milliseconds, and prints when each request started and ended, and its status. It is a process of
// its own, so that the work of a test does not delay it.
import { setTimeout as wait } from 'node:timers/promises';

const INTERVAL_MS = 10;

const [url = '', authorization = ''] = process.argv.slice(2);
for (;;) {
  const startedAt = Date.now();
  const response = await fetch(url, { headers: { authorization } });
  await response.body?.cancel();
  console.log(startedAt, Date.now(), response.status);
  await wait(INTERVAL_MS);
}
