/** Row 17: a board that hangs for a whole shift is as light at its end. */

import type { CDPSession } from '@playwright/test';

import { expect, test } from '../../fixtures';
import type { FoodOrder } from '../../fixtures/orders';
import { fill } from '../../measure/kitchen';

const CHANGES = 600;
const AT_ONCE = 10;

async function weigh(devtools: CDPSession) {
    await devtools.send('HeapProfiler.collectGarbage');
    return devtools.send('Memory.getDOMCounters');
}

for (const view of ['columns', 'grid']) {
    test(`row 17: 500 orders and ${CHANGES} changes leave no more on the page than a few, ${view}`, async ({
        board,
        page,
        server,
    }) => {
        test.setTimeout(240_000);
        const orders = await fill(server, 500);
        await board.open(`?view=${view}`);
        await board.holdsExactly(orders, 30_000);
        // A lane draws what is in sight, a grid its page.
        expect(await page.locator('.stage [data-order]').count()).toBeLessThan(130);
        const devtools = await page.context().newCDPSession(page);
        const before = await weigh(devtools);

        const change = async (mine: FoodOrder[]) => {
            for (let count = 0; count < CHANGES / AT_ONCE; count += 1) {
                const at = count % mine.length;
                let now = mine[at];
                if (!now) continue;
                if (now.status === 'ready') now = await server.move(now, 'preparing');
                else if (count % 3 === 0 && now.status === 'preparing') now = await server.move(now, 'ready');
                else now = await server.tick(now, 1, now.items[0]?.status === 'done' ? 'todo' : 'done');
                mine[at] = now;
            }
        };
        const accepted = orders.filter(({ status }) => status !== 'placed');
        const share = Math.floor(accepted.length / AT_ONCE);
        const parts = Array.from({ length: AT_ONCE }, (_, at) => accepted.slice(at * share, (at + 1) * share));
        await Promise.all(parts.map(change));
        await server.place({ items: [{ name: 'The last one', quantity: 1, station: 'grill' }], rush: true });
        await expect(page.getByText('The last one').first()).toBeVisible({ timeout: 60_000 });
        await board.holdsExactly(await server.open(), 30_000);

        // What is leaving still moves for a moment, and a collection may leave some for the next.
        const grown = async () => {
            const after = await weigh(devtools);
            const much = after.nodes >= before.nodes * 1.3 || after.jsEventListeners >= before.jsEventListeners + 20;
            return much ? { before, after } : 'as light as before';
        };
        await expect.poll(grown, { timeout: 30_000 }).toBe('as light as before');
    });
}
