// Formats sizes, for pages and terminals.

/** Formats a size: `312 KB`, `1.4 MB`. 1 KB is 1,024 bytes, as in docs/protocol.md. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kilobytes = bytes / 1024;
  if (kilobytes < 1000)
    return `${kilobytes < 10 ? kilobytes.toFixed(1) : Math.round(kilobytes)} KB`;
  return `${(kilobytes / 1024).toFixed(1)} MB`;
}
