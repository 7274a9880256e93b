// The report of a turn, except for its changes: its conversation and its usage.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import {
  createWorkFolder,
  instruct,
  scriptedProgram,
} from '../../support/agent/scripted-program.ts';
import type { AgentSocket } from '../../support/agent/scripted-hub.ts';

let fixture: AgentFixture;
let work: string;

beforeEach(() => {
  fixture = createAgentFixture({ acknowledge: true });
  work = createWorkFolder(fixture);
});
afterEach(() => fixture[Symbol.asyncDispose]());

const connect = () => fixture.connect({ acp: scriptedProgram(fixture), cwd: work });

/** A prompt whose turn reports a usage. */
const reportUsage = (usage: object) =>
  instruct('update', [{ sessionUpdate: 'usage_update', ...usage }]);

/** A prompt whose turn reports a total cost for the conversation. */
const reportCost = (amount: number) =>
  reportUsage({ used: 5, size: 10, cost: { amount, currency: 'USD' } });

async function reportOf(hub: AgentSocket, prompt: string, session?: 'new') {
  const id = hub.execute(prompt, session && { session });
  return (await hub.waitForFinished(id)).finished.report;
}

describe('conversation ID', () => {
  test('is reported when the conversation is open, after a reconnect, and with the result', async () => {
    const hub = await connect();
    const id = hub.execute('@spawn');
    const { conversationId } = await hub.waitFor('command:report');
    expect(conversationId).toBeString();
    hub.terminate();
    const second = await fixture.hub.waitForAgent();
    second.sendWelcome({ resume: [{ commandId: id, nextSequence: 0 }] });
    expect(await second.waitFor('command:report')).toMatchObject({ commandId: id, conversationId });
  });

  test('changes only with a new conversation', async () => {
    const hub = await connect();
    const first = await reportOf(hub, '@stop end_turn');
    expect(first?.conversationId).toBeString();
    const second = await reportOf(hub, '@stop end_turn');
    expect(second?.conversationId).toBe(first?.conversationId ?? '');
    const third = await reportOf(hub, '@stop end_turn', 'new');
    expect(third?.conversationId).not.toBe(first?.conversationId);
  });

  test('is not reported for a shell command', async () => {
    const hub = await connect();
    expect(await reportOf(hub, '!true')).not.toHaveProperty('conversationId');
  });
});

describe('cost', () => {
  test('is the cost of the turn, not of the conversation', async () => {
    const hub = await connect();
    const cost = async (amount: number, session?: 'new') =>
      (await reportOf(hub, reportCost(amount), session))?.usage?.cost;
    expect(await cost(0.5)).toEqual({ amount: 0.5, currency: 'USD' });
    expect(await cost(0.75)).toEqual({ amount: 0.25, currency: 'USD' });
    expect(await cost(0.125, 'new')).toEqual({ amount: 0.125, currency: 'USD' });
  });

  test('is not reported if the cost before the turn is unknown', async () => {
    const hub = await connect();
    await reportOf(hub, reportCost(0.5));
    await fixture.stopAll();
    const restarted = await connect();
    const first = await reportOf(restarted, reportCost(0.75));
    expect(first?.usage).toEqual({ used: 5, size: 10 });
    const second = await reportOf(restarted, reportCost(1));
    expect(second?.usage?.cost).toEqual({ amount: 0.25, currency: 'USD' });
  });
});

describe('invalid usage', () => {
  test.each([
    ['a negative number of tokens', { used: -1, size: 10 }],
    ['half a token', { used: 0.5, size: 10 }],
  ])('%s is not reported', async (_, usage) => {
    const hub = await connect();
    const report = await reportOf(hub, reportUsage(usage));
    expect(report).not.toHaveProperty('usage');
  });

  test('a currency that is too long does not affect the rest', async () => {
    const hub = await connect();
    const cost = { amount: 1, currency: 'x'.repeat(100) };
    const report = await reportOf(hub, reportUsage({ used: 1, size: 10, cost }));
    expect(report?.usage).toEqual({ used: 1, size: 10 });
  });
});
