// The weight of the dashboard at first paint: all scripts and style sheets that the page loads, compressed.
import { join } from 'node:path';
import { signInToApi, startHubBinary } from '../../test/support/binary.ts';
import { SIGNALBOX } from '../contestants.ts';
import type { Scenario } from '../scenario.ts';

const KILOBYTE = 1_024;
/** A file that a script needs before it runs. Others are loaded when they are used. */
const IMPORT = /\b(?:from|import)"\.\/([\w.-]+\.js)"/g;

export const pageWeight: Scenario = {
  name: 'page-weight',
  description: 'all scripts and style sheets of the dashboard, compressed',
  isQuick: true,
  rounds: 1,
  async prepare({ folder, defer }) {
    const hub = await startHubBinary(join(folder, 'data'));
    defer(async () => {
      hub.kill('SIGTERM');
      await hub.exited;
    });
    return {
      contestants: [{ name: SIGNALBOX, measure: () => measurePage(hub.url) }],
      rows: [
        {
          what: 'page: all JS and CSS, compressed',
          unit: 'KB',
          value: { contestant: SIGNALBOX, figure: 'kilobytes' },
          goal: { of: 'value', atMost: 160 },
        },
      ],
    };
  },
};

async function measurePage(url: string): Promise<{ kilobytes: number }> {
  const headers = await signInToApi(url);
  const token = headers['authorization']?.slice('Bearer '.length) ?? '';
  const page = await fetch(`${url}/`, { headers: { cookie: `signalbox=${token}` } });
  const html = await page.text();
  const paths = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)];
  if (paths.length === 0) throw new Error('The page loads no scripts and style sheets.');
  let bytes = 0;
  const files = new Set(paths.map(([, one = '']) => one));
  // Those that are imported are added while the set is walked.
  for (const path of files) {
    const response = await fetch(`${url}${path}`, {
      headers: { 'accept-encoding': 'gzip' },
      decompress: false,
    });
    if (!response.ok || response.headers.get('content-encoding') === null) {
      throw new Error(`${path} was not compressed.`);
    }
    const data = await response.arrayBuffer();
    bytes += data.byteLength;
    if (!path.endsWith('.js')) continue;
    const script = new TextDecoder().decode(Bun.gunzipSync(data));
    for (const [, file = ''] of script.matchAll(IMPORT)) files.add(`/assets/${file}`);
  }
  return { kilobytes: bytes / KILOBYTE };
}
