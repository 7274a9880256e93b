// Asks before a link in the output is opened, and before a paste of several lines that the program would run one by one.

interface Question {
  text: string;
  /** What it is about: a URL, or the text to paste. */
  detail: string;
  /** The button that agrees. */
  action: string;
}

export type Confirm = (question: Question) => Promise<boolean>;

/** The lines of a detail that are shown. */
const MAX_LINES = 8;

/** Returns a function that asks in a dialog, and resolves with whether the user agrees. */
export function createConfirm(dialog: HTMLDialogElement | null): Confirm {
  return ({ text, detail, action }) => {
    const [label, code] = [dialog?.querySelector('p'), dialog?.querySelector('code')];
    const button = dialog?.querySelector('button[value=yes]');
    if (!dialog || dialog.open || !label || !code || !button) return Promise.resolve(false);
    const lines = detail.split('\n');
    label.textContent = text;
    code.textContent =
      lines.slice(0, MAX_LINES).join('\n') + (lines.length > MAX_LINES ? '\n…' : '');
    button.textContent = action;
    dialog.returnValue = '';
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
    });
  };
}

/** Opens a link in a new tab if the user agrees. The text of a link can hide its target. */
export async function openLink(confirm: Confirm, url: string): Promise<void> {
  const text = 'The output contains this link. Open it in a new tab?';
  const isConfirmed = await confirm({ text, detail: url, action: 'Open' });
  if (isConfirmed) window.open(url, '_blank', 'noopener,noreferrer');
}

/** The number of lines that a paste would run; 0 if it needs no confirmation. */
export function countPastedLines(text: string, isBracketed: boolean): number {
  const lines = text.trimEnd().split(/\r\n|\r|\n/).length;
  return isBracketed || lines < 2 ? 0 : lines;
}
