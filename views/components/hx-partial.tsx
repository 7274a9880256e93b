// A part of a response that htmx swaps into its own place on the page (htmx 4's <hx-partial>).
import type { ComponentChildren } from 'preact';

/** The default swap, `outerMorph`, keeps the focus and open <details>. */
export function HxPartial(props: { target: string; swap?: string; children: ComponentChildren }) {
  return (
    <hx-partial hx-target={props.target} hx-swap={props.swap ?? 'outerMorph'}>
      {props.children}
    </hx-partial>
  );
}
