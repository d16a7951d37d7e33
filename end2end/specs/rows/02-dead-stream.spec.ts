/** A stream can die without anybody being told: after sleep, or when a device changes its Wi-Fi. */

import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

/** A page whose own clock can be stopped: then it notices nothing by itself. */
interface Stoppable {
    stopped?: boolean;
}

test.beforeEach(({ faults }) => faults.allowLostConnections());

for (const [when, event] of [
    ['the device wakes', "document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))"],
    ['the network is back', "window.dispatchEvent(new Event('online'))"],
    ['the page comes back', "window.dispatchEvent(new Event('pageshow'))"],
] as const) {
    test(`row 2: a stream that died without an error is replaced when ${when}`, async ({ board, server, network }) => {
        await board.page.addInitScript(() => {
            const every = window.setInterval.bind(window);
            const stoppable = window as unknown as Stoppable;
            window.setInterval = ((run: () => void, millis: number) =>
                every(() => stoppable.stopped || run(), millis)) as typeof window.setInterval;
        });
        await board.open();
        const stop = (stopped: boolean) =>
            board.page.evaluate((stopped) => ((window as unknown as Stoppable).stopped = stopped), stopped);
        await stop(true);
        network.strand();
        const missed = await server.place(order());
        // Nothing but this makes the board look, as soon as a heartbeat is overdue.
        await expect(async () => {
            await board.page.evaluate(event);
            await expect(board.ticketIn(missed, 'New')).toHaveCount(1, { timeout: 500 });
        }).toPass({ timeout: 30_000 });
        await stop(false);
        await board.isLive();
    });
}

test('row 2: a stream that died without an error is replaced when heartbeats are missed', async ({
    board,
    server,
    network,
}) => {
    await board.open();
    // For two seconds: then it has connected anew.
    const said = await board.overhear(board.page.locator('#bar'));
    network.strand();
    const missed = await server.place(order());
    await expect.poll(said, { timeout: 30_000 }).toContainEqual(expect.stringMatching(/Not live – last update/));
    await expect(board.ticketIn(missed, 'New')).toHaveCount(1, { timeout: 20_000 });
    await board.isLive();
});
