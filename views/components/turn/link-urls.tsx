// Makes links of the URLs in a text. In linear time, unlike the libraries that also look for URLs without a scheme.
import type { ComponentChildren } from 'preact';
import { MarkdownLink } from './markdown-link.tsx';

const URLS = /https?:\/\/[^\s<>"'`]+/g;
/** What can follow a URL without being a part of it. */
const AFTER_URL = '.,;:!?*_)]}';

export function linkUrls(text: string): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let end = 0;
  for (const { 0: match, index } of text.matchAll(URLS)) {
    const url = trimEnd(match);
    parts.push(
      text.slice(end, index),
      <MarkdownLink key={index} href={url}>
        {url}
      </MarkdownLink>,
    );
    end = index + url.length;
  }
  return [...parts, text.slice(end)];
}

/** Removes punctuation. A closing parenthesis belongs to a URL that contains an opening one. */
function trimEnd(url: string): string {
  const after = url.includes('(') ? AFTER_URL.replace(')', '') : AFTER_URL;
  let { length } = url;
  while (length > 0 && after.includes(url.charAt(length - 1))) length -= 1;
  return url.slice(0, length);
}
