// Formats durations identically on pages, in logs and on the command line.

/** Formats a duration: `250 ms`, `12.4 s`, `5 min`, `3 min 20 s`, `2 h 5 min`, `3 days`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${Math.round(ms / 100) / 10} s`;
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (hours === 0) return joinUnits(`${minutes} min`, seconds % 60, 's');
  if (days === 0) return joinUnits(`${hours} h`, minutes % 60, 'min');
  return joinUnits(`${days} ${days === 1 ? 'day' : 'days'}`, hours % 24, 'h');
}

function joinUnits(whole: string, rest: number, unit: string): string {
  return rest === 0 ? whole : `${whole} ${rest} ${unit}`;
}
