// Types of the custom elements in our pages: htmx's partials and the island's local time.
import type { ComponentChildren } from 'preact';

declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'hx-partial': { 'hx-target': string; 'hx-swap': string; children?: ComponentChildren };
      'local-time': { at: number; as: string; class?: string; children?: ComponentChildren };
    }
  }
}
