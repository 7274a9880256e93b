// One sentence about what has just happened, beside the thing it happened to.
import { Icon } from './icons.tsx';

export type NoticeKind = 'done' | 'refused';

/** A notice. A refusal is announced at once; the rest waits its turn. */
export function Notice({ kind, text }: { kind: NoticeKind; text: string }) {
  return (
    <p class={`notice notice-${kind}`} role={kind === 'refused' ? 'alert' : 'status'}>
      <Icon name={kind === 'refused' ? 'warn' : 'check'} />
      <span>{text}</span>
    </p>
  );
}
