// The link that loads the next page of a list below the rows. Without scripts, it opens that page.
import { Icon } from './icons.tsx';

interface LoadMoreProps {
  /** The ID of the element, which the response replaces. */
  id: string;
  label: string;
  /** The page, and the fragment that adds its rows; null on the last page. */
  next: { url: string; fragmentUrl: string } | null;
}

export function LoadMore({ id, label, next }: LoadMoreProps) {
  if (next === null) return <div id={id} />;
  return (
    <div id={id} class="load-more">
      <a class="button" href={next.url} hx-get={next.fragmentUrl} hx-swap="none">
        <Icon name="down" />
        {label}
      </a>
    </div>
  );
}
