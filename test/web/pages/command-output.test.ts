// The output of a command as a file.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { requestPage } from './helpers.ts';

test('output is a file, as it is or as text in which missing output is a line', async () => {
  await using on = await startHubFixture();
  const id = await on.startCommand('!make');
  on.agent.sendOutput(id, '\u001b[1mbold\u001b[0m\n');
  on.agent.send({ type: 'terminal:gap', commandId: id, nextSequence: 4, bytes: 2048 });
  on.agent.setNextSequence(id, 4);
  on.agent.sendOutput(id, '<b>&amp;\n');
  await on.dashboard.waitForOutput(id, '<b>&amp;');
  const read = async (extension: string) => {
    const path = `/commands/${id}/output.${extension}`;
    const response = await requestPage(on.hub, path, { role: 'viewer' });
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(Number(response.headers.get('signalbox-total-bytes'))).toBeGreaterThan(2_048);
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="agent-${id.slice(-8)}.${extension}"`,
    );
    return response.text();
  };
  expect(await read('log')).toBe('\u001b[1mbold\u001b[0m\n<b>&amp;\n');
  expect(await read('txt')).toBe(
    'bold\n[2.0 KB of output lost: agent buffer overflow]\n<b>&amp;\n',
  );
});

test('output of an agent that the user may not see, or that does not exist, is not found', async () => {
  await using on = await startHubFixture();
  const response = await requestPage(on.hub, '/commands/unknown/output.txt', { role: 'viewer' });
  expect(response.status).toBe(422);
  expect(await response.text()).toContain('Command not found.');
});
