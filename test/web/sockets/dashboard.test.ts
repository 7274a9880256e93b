// Dashboards' sockets: tokens and limits.
import { describe, expect, test } from 'bun:test';
import { connectDashboard, openDashboard } from '../../support/hub/dashboard.ts';
import { startTestHub } from '../../support/hub/hub.ts';

describe("a dashboard's token", () => {
  test('for sockets opens a socket that lasts as long as the session', async () => {
    await using hub = await startTestHub();
    const session = await (await hub.callApi('GET', '/session')).json();
    const dashboard = await connectDashboard(hub, { token: session.token });
    await hub.advance(6 * 60_000, dashboard);
    await dashboard.ping();
    const late = await openDashboard(hub);
    late.send({
      type: 'dashboard:connect',
      token: session.token,
      clientInfo: { userAgent: 'x', timezone: 'x' },
    });
    expect(await late.closed).toEqual({ code: 1008, reason: 'unauthenticated' });
  });

  test('that is invalid gets an error and closes the socket', async () => {
    await using hub = await startTestHub();
    const dashboard = await openDashboard(hub);
    dashboard.send({
      type: 'dashboard:connect',
      token: 'not a token',
      clientInfo: { userAgent: 'x', timezone: 'x' },
    });
    await dashboard.waitForError('not_authenticated');
    expect(await dashboard.closed).toEqual({ code: 1008, reason: 'unauthenticated' });
    expect(hub.hub.state.dashboards.size).toBe(0);
  });

  test('leaves no dashboard behind if the socket closes during verification', async () => {
    await using hub = await startTestHub();
    const token = await hub.issueToken();
    for (let i = 0; i < 5; i++) {
      const dashboard = await openDashboard(hub);
      dashboard.send({
        type: 'dashboard:connect',
        token,
        clientInfo: { userAgent: 'x', timezone: 'x' },
      });
      dashboard.close();
      await dashboard.closed;
    }
    await hub.flush();
    expect(
      [...hub.hub.state.dashboards.values()].filter(({ state }) => state === 'CONNECTED'),
    ).toEqual([]);
  });
});

describe('dashboards', () => {
  test('are limited to 50; the next one is closed with 1013', async () => {
    await using hub = await startTestHub();
    const dashboards = [];
    for (let i = 0; i < 50; i++) dashboards.push(await connectDashboard(hub));
    // A pending socket does not count, but cannot connect when the limit is reached.
    const late = await openDashboard(hub);
    void late.connect(hub).catch(() => undefined);
    expect(await late.closed).toEqual({ code: 1013, reason: 'limit' });
    await dashboards[0]?.ping();
    // A RECONNECTING dashboard does not count, and can resume only below the limit.
    const [first] = dashboards;
    const { connectionId, hubEpoch } = await first!.waitFor('dashboard:welcome');
    first!.terminate();
    await first!.closed;
    const replacement = await connectDashboard(hub);
    expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('RECONNECTING');
    const resume = { connectionId, hubEpoch, terminals: [] };
    const rejected = await openDashboard(hub);
    void rejected.connect(hub, { resume }).catch(() => undefined);
    expect(await rejected.closed).toEqual({ code: 1013, reason: 'limit' });
    replacement.close();
    await replacement.closed;
    const back = await openDashboard(hub);
    expect(await back.connect(hub, { resume })).toMatchObject({ resumed: true });
  });

  test('of an account that has all places give one to another account, and not more', async () => {
    await using hub = await startTestHub({ settings: { maxDashboards: 3 } });
    const connect = (userId: string) => connectDashboard(hub, { userId });
    const [first, second, latest] = [
      await connect('ada'),
      await connect('ada'),
      await connect('ada'),
    ];
    const otto = await connect('otto');
    expect(await latest.closed).toEqual({ code: 1013, reason: 'limit' });
    for (const userId of ['ada', 'otto']) {
      const late = await openDashboard(hub);
      void late.connect(hub, { userId }).catch(() => undefined);
      expect(await late.closed).toEqual({ code: 1013, reason: 'limit' });
    }
    const eve = await connect('eve');
    expect(await second.closed).toEqual({ code: 1013, reason: 'limit' });
    const late = await openDashboard(hub);
    void late.connect(hub, { userId: 'mallory' }).catch(() => undefined);
    expect(await late.closed).toEqual({ code: 1013, reason: 'limit' });
    for (const dashboard of [first, otto, eve]) await dashboard.ping();
    expect(hub.hub.state.dashboards.size).toBe(3);
  });

  test('are limited by the maxDashboards setting', async () => {
    await using hub = await startTestHub({ settings: { maxDashboards: 1 } });
    await connectDashboard(hub);
    const late = await openDashboard(hub);
    void late.connect(hub).catch(() => undefined);
    expect(await late.closed).toEqual({ code: 1013, reason: 'limit' });
  });
});
