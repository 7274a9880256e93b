// A hub that came back newer serves other pages than this one: then this one loads itself anew.

/**
 * Whether a page should load itself anew: it is from another build than the hub serves, and nothing written in it would
 * be lost.
 */
export function isOutdated(own: string | null, served: string | undefined, drafts: string[]) {
  if (own === null || served === undefined || own === served) return false;
  return drafts.every((text) => text.trim() === '');
}

/** The build a page was loaded from. */
export function buildOf(page: Document): string | null {
  return page.querySelector<HTMLMetaElement>('meta[name=build]')?.content ?? null;
}

/** What somebody has begun to write. */
export function draftsIn(page: Document): string[] {
  return [...page.querySelectorAll<HTMLTextAreaElement>('textarea[name]')].map(
    ({ value }) => value,
  );
}
