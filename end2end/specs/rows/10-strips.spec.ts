/** Row 10: what comes above the board moves no ticket under a finger. */

import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

for (const view of ['columns', 'grid']) {
    test(`row 10: a strip waits until the finger is gone, ${view}`, async ({ board, page, server }) => {
        await page.clock.install();
        const placed = await server.move(await server.place(order()), 'accepted');
        await board.open(`?view=${view}`);
        const head = board.ticket(placed).root.locator('.meta');
        const before = await head.boundingBox();
        if (!before) throw new Error('the ticket is not there');
        // Where it is and whether there is a strip, of one moment.
        const look = () =>
            head.evaluate((it) => {
                const strips = document.querySelectorAll('#paused .strip').length;
                return { y: it.getBoundingClientRect().y, strips };
            });
        const { y: high } = await look();
        await page.mouse.move(before.x + 5, before.y + 5);
        await page.mouse.down();
        // The chip says so at once, where nothing moves.
        await server.ask('PUT', '/api/intake', { state: 'paused', minutes: 15 });
        await expect(page.locator('#intake')).toContainText('Paused', { timeout: 20_000 });
        const strip = page.locator('#paused .strip');
        // The clock runs, and yet a finger does not stay for ever.
        const now = await look();
        if (now.strips === 0) expect(now.y).toBe(high);
        await page.mouse.up();
        await page.mouse.move(0, 0);
        await page.clock.runFor(3_000);
        await expect(strip).toBeVisible({ timeout: 20_000 });
        expect((await head.boundingBox())?.y).toBeGreaterThan(before.y);
    });
}
