/** A stream can die without anybody being told: after sleep, or when a device changes its Wi-Fi. */

import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

test.beforeEach(({ faults }) => faults.allowLostConnections());

for (const [when, event] of [
    ['the device wakes', "document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))"],
    ['the network is back', "window.dispatchEvent(new Event('online'))"],
    ['the page comes back', "window.dispatchEvent(new Event('pageshow'))"],
] as const) {
    test(`row 2: a stream that died without an error is replaced when ${when}`, async ({ board, server, network }) => {
        await board.open();
        network.strand();
        const missed = await server.place(order());
        await expect.poll(() => network.downFor).toBeGreaterThan(3_000);
        await expect(board.ticketIn(missed, 'New')).toHaveCount(0);
        await board.page.evaluate(event);
        // Much sooner than the board would notice by itself.
        await expect(board.ticketIn(missed, 'New')).toHaveCount(1, { timeout: 5_000 });
        await board.isLive();
    });
}

test('row 2: a stream that died without an error is replaced when heartbeats are missed', async ({
    board,
    server,
    network,
}) => {
    await board.open();
    network.strand();
    const missed = await server.place(order());
    await board.says(/Not live – last update/, 20_000);
    await expect(board.ticketIn(missed, 'New')).toHaveCount(1, { timeout: 20_000 });
    await board.isLive();
});
