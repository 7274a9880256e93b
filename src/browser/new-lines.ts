/** Names the way back to the end of output that was scrolled: `37 new lines`. */
export function formatNewLines(count: number): string {
  if (count === 0) return 'Back to the end';
  return count === 1 ? '1 new line' : `${count.toLocaleString('en-US')} new lines`;
}
