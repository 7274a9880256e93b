// Markdown that AI programs write, as elements. It is not trusted: raw HTML is text, and links show where they lead.
import { type ComponentChildren, Fragment, h } from 'preact';
import markdownIt, { type Token } from 'markdown-it';
import { CodeBlock } from './code-block.tsx';
import { linkUrls } from './link-urls.tsx';
import { MarkdownLink } from './markdown-link.tsx';

/** Text with more lines, brackets or marks of emphasis is shown as it is: parsing it would take too long. */
const MAX_LINES = 4_000;
const MAX_MARKS = 4_000;
/** The number of tokens, such as table cells, beyond which text is shown as it is: a page of them would be too large. */
const MAX_TOKENS = 20_000;

const parser = markdownIt({ html: false });

/** The elements of containers, by the type of the token that opens them. */
const containers: Record<string, string> = {
  paragraph_open: 'p',
  bullet_list_open: 'ul',
  ordered_list_open: 'ol',
  list_item_open: 'li',
  blockquote_open: 'blockquote',
  table_open: 'table',
  thead_open: 'thead',
  tbody_open: 'tbody',
  tr_open: 'tr',
  th_open: 'th',
  td_open: 'td',
  em_open: 'em',
  strong_open: 'strong',
  s_open: 's',
};
/** The level of a message's first headings: they are below those of the page. */
const FIRST_LEVEL = 3;

/** @param id unique on the page; the code blocks inside have IDs that begin with it */
export function Markdown({ text, id }: { text: string; id: string }) {
  const tokens = isParsable(text) ? parser.parse(text, {}) : null;
  const count = tokens?.reduce((sum, token) => sum + 1 + (token.children?.length ?? 0), 0);
  if (!tokens || (count ?? 0) > MAX_TOKENS) return <pre class="md-plain">{text}</pre>;
  lowerHeadings(tokens);
  return <div class="md">{renderTokens(tokens, id)}</div>;
}

/** Gives the headings consecutive levels: programs often begin with the second one. */
function lowerHeadings(tokens: readonly Token[]): void {
  const opened = tokens.filter(({ type }) => type === 'heading_open');
  const tags = [...new Set(opened.map(({ tag }) => tag))].toSorted();
  for (const token of opened) token.tag = `h${Math.min(6, FIRST_LEVEL + tags.indexOf(token.tag))}`;
}

function isParsable(text: string): boolean {
  let lines = 0;
  let marks = 0;
  for (const char of text) {
    if (char === '\n') lines += 1;
    else if ('[]*_~`<&|!\\'.includes(char)) marks += 1;
  }
  return lines <= MAX_LINES && marks <= MAX_MARKS;
}

interface OpenContainer {
  token: Token | null;
  children: ComponentChildren[];
}

function renderTokens(tokens: readonly Token[], id: string): ComponentChildren[] {
  const root: OpenContainer = { token: null, children: [] };
  const open = [root];
  for (const [index, token] of tokens.entries()) {
    const current = open.at(-1) ?? root;
    if (token.nesting === 1) open.push({ token, children: [] });
    else if (token.nesting === 0) {
      const isLinkable = token.type === 'text' && !open.some(isLink);
      if (isLinkable) current.children.push(...linkUrls(token.content));
      else current.children.push(renderLeaf(token, `${id}-${index}`));
    } else if (open.length > 1) {
      open.pop();
      const { token: opening, children } = current;
      if (opening) open.at(-1)?.children.push(renderContainer(opening, children));
    }
  }
  return root.children;
}

const isLink = ({ token }: OpenContainer) => token?.type === 'link_open';

function renderContainer(token: Token, children: ComponentChildren[]): ComponentChildren {
  if (token.hidden) return h(Fragment, null, ...children);
  if (token.type === 'link_open') {
    return <MarkdownLink href={String(token.attrGet('href') ?? '')}>{children}</MarkdownLink>;
  }
  if (token.type === 'heading_open') return h(token.tag, null, ...children);
  if (token.type === 'table_open') {
    return (
      <div class="md-table" tabIndex={0} role="region" aria-label="Table">
        {h('table', null, ...children)}
      </div>
    );
  }
  const align = /text-align:(\w+)/.exec(String(token.attrGet('style') ?? ''))?.[1];
  const start = token.attrGet('start');
  return h(
    containers[token.type] ?? 'span',
    { ...(align && { class: `md-${align}` }), ...(start && { start: String(start) }) },
    ...children,
  );
}

function renderLeaf(token: Token, id: string): ComponentChildren {
  switch (token.type) {
    case 'inline':
      return h(Fragment, null, ...renderTask(renderTokens(token.children ?? [], id)));
    case 'softbreak':
      return '\n';
    case 'hardbreak':
      return <br />;
    case 'hr':
      return <hr />;
    case 'code_inline':
      return <code>{token.content}</code>;
    case 'fence':
      return (
        <CodeBlock id={id} code={token.content} language={/^\S*/.exec(token.info)?.[0] ?? ''} />
      );
    case 'code_block':
      return <CodeBlock id={id} code={token.content} language="" />;
    case 'image':
      return (
        <MarkdownLink href={String(token.attrGet('src') ?? '')}>
          Image{token.content === '' ? '' : `: ${token.content}`}
        </MarkdownLink>
      );
    default:
      return token.content;
  }
}

/** Shows `[ ]` and `[x]` at the beginning of a text as a box. */
function renderTask(children: ComponentChildren[]): ComponentChildren[] {
  const [first, ...rest] = children;
  const match = typeof first === 'string' ? /^\[([ xX])\]\s/.exec(first) : null;
  if (!match || typeof first !== 'string') return children;
  const isDone = match[1] !== ' ';
  return [
    <span class="md-task" role="img" aria-label={isDone ? 'Done' : 'Not done'}>
      {isDone ? '☑' : '☐'}
    </span>,
    first.slice(match[0].length - 1),
    ...rest,
  ];
}
