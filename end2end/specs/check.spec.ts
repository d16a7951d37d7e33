/** The server counts all orders: a board that leaves some out looks now and then whether it has its own. */

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';

const WHOLE = /\/api\/events\?.*snapshot=1/;

test.beforeEach(({ faults }) => faults.allowLostConnections());

test('an answer that is of another moment is asked for again soon', async ({ board, page, server }) => {
    const kept = await server.place(order());
    await page.clock.install();
    await board.open('?station=grill');
    let looks = 0;
    await page.route(WHOLE, async (route) => {
        looks += 1;
        const response = await route.fetch();
        // On a busy board, something always comes before the answer does.
        if (looks === 1) await board.has(await server.place(order({ rush: true })), 'New');
        await route.fulfill({ response });
    });
    const answered = page.waitForResponse(WHOLE);
    await page.clock.fastForward(130_000);
    await (await answered).finished();
    await expect(board.tickets).toHaveCount(2);
    expect(looks).toBe(1);
    const again = page.waitForResponse(WHOLE);
    await page.clock.fastForward(10_000);
    await (await again).finished();
    expect(looks).toBe(2);
    await board.has(kept, 'New');
});

test('what is on its way to the board is not missing', async ({ board, page, server, network }) => {
    await page.addInitScript(() => {
        const said = window as unknown as { resynced: boolean };
        const says = (id: string) => document.getElementById(id)?.textContent ?? '';
        const look = () => (said.resynced ||= /Resynced/.test(says('bar-words') + says('polite')));
        new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
    });
    await server.place(order());
    await page.clock.install();
    await board.open('?station=grill');
    const asked = page.waitForRequest(WHOLE);
    await page.route(WHOLE, async (route) => {
        // The answer overtakes the stream.
        network.stall();
        await server.place(order());
        const { pathname, search } = new URL(route.request().url());
        const answer = await fetch(new URL(pathname + search, server.url));
        await route.fulfill({ status: 200, contentType: 'application/json', body: await answer.text() });
    });
    await page.clock.fastForward(130_000);
    await (await (await asked).response())?.finished();
    await network.restore();
    await board.holdsExactly(await server.open(), 30_000);
    await board.isLive(30_000);
    expect(await page.evaluate(() => (window as unknown as { resynced?: boolean }).resynced)).toBeFalsy();
});
