// Names and contents of files are chosen by whoever writes into the agent's folder. They are text on every page.
import { expect, test } from 'bun:test';
import type { ChangesResponse } from '../../../../src/protocol/api.ts';
import { FileDiff } from '../../../../views/components/changes/file-diff.tsx';
import { LatestChanges } from '../../../../views/components/changes/latest-changes.tsx';
import { RevertDialog } from '../../../../views/components/changes/revert-dialog.tsx';
import { ChangesPage } from '../../../../views/pages/changes.tsx';
import { agent, command, fileChange } from '../../../support/samples.ts';
import { render } from '../../render.ts';
import { context, operator as user } from '../../samples.ts';

const EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>';

const file = {
  ...fileChange({
    path: EVIL,
    oldPath: EVIL,
    oldMode: EVIL,
    newMode: EVIL,
    patch: `@@ -1,2 +1,2 @@ ${EVIL}\n same ${EVIL}\n-${EVIL} old\n+${EVIL} new\n\\ ${EVIL}\n`,
  }),
  isReverted: false,
};
const changes: ChangesResponse = {
  commandId: EVIL,
  changes: { files: 1, added: 1, removed: 1 },
  changesProblem: null,
  files: [file],
  omittedFiles: 1,
};
const evilCommand = command({
  id: EVIL,
  agentId: EVIL,
  command: EVIL,
  conversationId: EVIL,
  status: 'completed',
  changes: changes.changes,
});
const commands = [{ command: evilCommand, changes }];
const page = {
  context,
  user,
  commands,
  agentId: EVIL,
  conversationId: EVIL,
  requestId: EVIL,
  agent: agent({ agentId: EVIL }),
  hasEarlier: true,
};

const views = {
  'page, unified': <ChangesPage {...page} scope="command" view="unified" />,
  'page, split': <ChangesPage {...page} scope="conversation" view="split" />,
  list: <LatestChanges agentId={EVIL} commands={commands} latest={evilCommand} />,
  dialog: <RevertDialog commandId={EVIL} agentId={EVIL} file={file} error={EVIL} />,
  diff: <FileDiff file={file} view="split" canComment />,
};

for (const [name, view] of Object.entries(views)) {
  test(`${name}: text stays text`, () => {
    const { html, findAll, text } = render(view);
    expect(html).not.toContain('<script>alert');
    expect(html).not.toContain('<img');
    expect(text).toContain(EVIL);
    expect(findAll('[style], style')).toEqual([]);
    const attributes = findAll('*').flatMap((element) => [...element.keys()]);
    expect(attributes.filter((attribute) => /^(hx-)?on/.test(attribute))).toEqual([]);
  });

  test(`${name}: links lead to this site`, () => {
    const { findAll } = render(view);
    const urls = ['href', 'action', 'hx-get', 'hx-post'].flatMap((attribute) =>
      findAll(`[${attribute}]`).map((element) => element.get(attribute)),
    );
    for (const url of urls) expect(url).toMatch(/^(\/[a-z?]|\/$|#)[^<>" ]*$/);
  });
}
