// The agent answers `files:list` from its hub.
import { expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAgentFixture } from '../../support/agent/agent-fixture.ts';

test('an agent announces and lists the files of its folder', async () => {
  await using fixture = createAgentFixture();
  writeFileSync(join(fixture.folder, 'notes.md'), '');
  const hub = await fixture.connect();
  expect(hub.connectMessage.capabilities).toContain('files');
  hub.send({ type: 'files:list', requestId: 'r1', query: 'note', limit: 50 });
  expect(await hub.waitFor('files:listed')).toMatchObject({
    requestId: 'r1',
    files: ['notes.md'],
    isTruncated: false,
  });
});
