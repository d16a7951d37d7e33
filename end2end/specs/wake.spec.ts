/** A device that sleeps or a tab that is left and come back to is up to date at once. */

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';

test('a page that comes back from the back/forward cache catches up', async ({ board, server }) => {
    await server.place(order());
    await board.open();
    await board.page.goto('about:blank');
    const missed = await server.place(order());
    await board.page.goBack();
    await board.has(missed, 'New');
    await board.holdsExactly(await server.open());
    await board.isLive();
});

test('a page that is looked at again does not wait for a stream that is dead', async ({ board, server, network, faults }) => {
    faults.allowLostConnections();
    await board.open();
    network.strand();
    const missed = await server.place(order());
    // Long enough for heartbeats to be missed, not for the page to notice by itself.
    await expect.poll(() => network.downFor).toBeGreaterThan(3_000);
    await expect(board.ticketIn(missed, 'New')).toHaveCount(0);
    await board.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await expect(board.ticketIn(missed, 'New')).toHaveCount(1, { timeout: 5_000 });
    await board.isLive();
});
