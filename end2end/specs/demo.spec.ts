/** The demo opens inside a dinner rush, moves by itself, and says what it is. */

import { expect, test } from '../fixtures';

test.use({
    serverOptions: {
        command: 'demo',
        args: ['--seed', '7', '--speed', '20'],
        env: { LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000' },
    },
});

test('the board is full from the first look, and marked as a demo', async ({ board }) => {
    await board.open();
    await board.says('Demo data');
    expect(await board.tickets.count()).toBeGreaterThan(4);
});

test('orders come and go without anybody doing anything', async ({ board }) => {
    await board.open();
    const before = await board.numbers();
    await expect.poll(() => board.numbers(), { timeout: 40_000 }).not.toEqual(before);
});

test('silence is counted in the time of whoever looks, not in that of the demo', async ({ board, network, faults }) => {
    faults.allowLostConnections();
    await board.open();
    const said = await board.overhear(board.chip);
    await network.cut();
    const breaks = /^Reconnecting… last update (\d+) s ago$/;
    await expect.poll(said, { timeout: 15_000 }).toContainEqual(expect.stringMatching(breaks));
    const words = (await said()).find((it) => breaks.test(it));
    // Broken for three seconds after at most one of silence: twenty times that is a minute.
    expect(Number(breaks.exec(words ?? '')?.[1])).toBeLessThan(12);
});
