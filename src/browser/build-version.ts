// Detects that the hub was updated and serves a different build from the one this page was loaded from.

/** Whether the page should reload: the hub serves a different build, and no unsent text would be lost. */
export function shouldReload(
  pageBuild: string | null,
  hubBuild: string | undefined,
  drafts: string[],
): boolean {
  if (pageBuild === null || hubBuild === undefined || pageBuild === hubBuild) return false;
  return drafts.every((text) => text.trim() === '');
}

/** Returns the build that the page was loaded from. */
export function readPageBuild(page: Document): string | null {
  return page.querySelector<HTMLMetaElement>('meta[name=build]')?.content ?? null;
}

/** Returns the contents of the page's text areas. */
export function readDrafts(page: Document): string[] {
  return [...page.querySelectorAll<HTMLTextAreaElement>('textarea[name]')].map(
    ({ value }) => value,
  );
}
