/** A device that sleeps or a tab that is left and come back to is up to date at once. */

import { test } from '../fixtures';
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
    network.stall();
    const missed = await server.place(order());
    await board.says(/Reconnecting…|Not live/, 20_000);
    await network.restore();
    await board.page.evaluate(() => {
        document.dispatchEvent(new Event('visibilitychange'));
    });
    await board.has(missed, 'New');
    await board.isLive();
});
