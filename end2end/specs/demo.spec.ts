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
