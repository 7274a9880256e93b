// A piece of an answer that goes to its own place on the page (htmx 4's <hx-partial>).
import type { ComponentChildren } from 'preact';

/** Puts `children` where `target` is; `outerMorph` keeps focus and what the reader has opened. */
export function Partial(props: { target: string; swap?: string; children: ComponentChildren }) {
  return (
    <hx-partial hx-target={props.target} hx-swap={props.swap ?? 'outerMorph'}>
      {props.children}
    </hx-partial>
  );
}
