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
    await network.cut();
    await board.says(/Reconnecting… last update \d+ s ago/, 15_000);
    const words = await board.page.locator('#chip-words').textContent();
    // Broken for three seconds after at most one of silence: twenty times that is a minute.
    expect(Number(/(\d+) s ago/.exec(words ?? '')?.[1])).toBeLessThan(12);
});
