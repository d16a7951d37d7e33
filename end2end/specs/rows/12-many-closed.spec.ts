/** A list that is not whole says so, and leads to the rest. */

import { expect, test } from '../../fixtures';
import { type NewOrder, order } from '../../fixtures/orders';
import type { Server } from '../../fixtures/server';

test.setTimeout(180_000);

/** Places `count` orders like `like` and calls them off, ten at a time. */
async function close(server: Server, count: number, like: Partial<NewOrder> = {}): Promise<void> {
    for (let done = 0; done < count; done += 10) {
        const some = Array.from({ length: Math.min(10, count - done) });
        await Promise.all(some.map(async () => server.move(await server.place(order(like)), 'rejected')));
    }
}

test('row 12: the list of closed orders leads to all of them', async ({ board, page, server }) => {
    await close(server, 203);
    await board.open();
    await page.locator('button[data-act="closed"]').first().click();
    const listed = page.locator('dialog ul.closed li');
    await expect(listed).toHaveCount(200);
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect(listed).toHaveCount(203);
    await expect(page.getByRole('button', { name: 'Show more' })).toHaveCount(0);
});

test('row 12: a search leads to all that is called so', async ({ board, page, server }) => {
    await close(server, 23, { customer: { name: 'Ana' } });
    await board.open();
    await page.locator('button[data-act="search"]').click();
    await page.locator('#search-field').fill('ana');
    const listed = page.locator('#panel ul.closed li');
    await expect(listed).toHaveCount(20);
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect(listed).toHaveCount(23);
    await expect(page.getByRole('button', { name: 'Show more' })).toHaveCount(0);
});
