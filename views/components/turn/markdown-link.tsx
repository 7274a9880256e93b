// A link from untrusted text. People see where it leads before they open it, in another tab.
import type { ComponentChildren } from 'preact';

const MAX_LENGTH = 100;
const SCHEMES = new Set(['http:', 'https:', 'mailto:']);

/** Anything but a link to http, https or mailto is its text, followed by the target. */
export function MarkdownLink({ href, children }: { href: string; children: ComponentChildren }) {
  const url = URL.parse(href);
  const isLink = url !== null && SCHEMES.has(url.protocol);
  const target = href.length > MAX_LENGTH ? `${href.slice(0, MAX_LENGTH)}…` : href;
  const texts = [children].flat();
  const hasOwnText = !texts.every((text) => typeof text === 'string') || texts.join('') !== href;
  const shown = hasOwnText && target !== '' && <span class="md-target"> ({target})</span>;
  if (!isLink) {
    return (
      <span>
        {children}
        {shown}
      </span>
    );
  }
  return (
    <>
      <a href={href} title={href} target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>
      {shown}
    </>
  );
}
