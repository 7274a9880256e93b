// The elements our pages use that preact does not know: htmx's partials and the island's own clock.
import type { ComponentChildren } from 'preact';

declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'hx-partial': { 'hx-target': string; 'hx-swap': string; children?: ComponentChildren };
      'local-time': { at: number; as: string; class?: string; children?: ComponentChildren };
    }
  }
}
