// Asks for confirmation before a file is reverted.
import { showControls } from '../../format/control-characters.ts';
import { revertUrl } from '../../urls.ts';
import { CloseButton, DialogHeader } from '../dialog.tsx';
import { Notice } from '../notice.tsx';
import type { ListedFile } from './changed-files.tsx';

interface RevertDialogProps {
  commandId: string;
  agentId: string;
  file: ListedFile;
  error?: string;
}

const CONSEQUENCES: Record<ListedFile['kind'], string> = {
  added: 'The file is deleted, because it did not exist before this command.',
  deleted: 'The deleted file is restored as it was before this command.',
  modified: 'The file is restored as it was before this command.',
  renamed: 'The file gets back its earlier name and content.',
};

export function RevertDialog({ commandId, agentId, file, error }: RevertDialogProps) {
  const path = showControls(file.path);
  return (
    <>
      <DialogHeader title="Revert this file?" />
      {error && <Notice kind="error" text={error} />}
      <p class="revert-path">
        <code>{path}</code>
      </p>
      <p class="muted">
        {CONSEQUENCES[file.kind]} This happens in the folder of <b>{agentId}</b>. If the file has
        changed since, nothing is reverted.
      </p>
      <form
        class="dialog-footer"
        hx-post={revertUrl(commandId)}
        hx-target="#dialog-body"
        hx-disable="find button"
      >
        <input type="hidden" name="path" value={file.path} />
        <CloseButton autofocus>Cancel</CloseButton>
        <button class="button button-danger-primary" type="submit">
          Revert {path.slice(path.lastIndexOf('/') + 1)}
        </button>
      </form>
    </>
  );
}
