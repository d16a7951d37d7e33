/** Row 12: what is on other pages is counted, with its oldest, and makes itself heard when it is late. */

import type { Page } from '@playwright/test';

import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';
import type { Server } from '../../fixtures/server';

async function placed(server: Server, count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) await server.place(order());
}

/** The tickets on the page and those that are counted besides, of one moment. */
function all(page: Page): Promise<number> {
    return page.evaluate(() => {
        const more = /^\+(\d+) more/.exec(document.querySelector('#pager-more')?.textContent ?? '')?.[1];
        return document.querySelectorAll('#slots > .ticket').length + Number(more ?? 0);
    });
}

test('row 12: hidden tickets are counted, with the age of the oldest, on every page', async ({ board, page, server }) => {
    await placed(server, 30);
    await board.open('?view=grid');
    const more = page.locator('#pager-more');
    await expect(more).toHaveText(/^\+\d+ more \(oldest \d+:\d\d\)$/);
    // It is known what has room.
    await expect(page.locator('#slots > [data-slot="1"]')).toBeVisible();
    await expect.poll(() => all(page)).toBe(30);
    await expect(more).toBeInViewport();
    await board.holdsExactly(await server.open());

    await more.click();
    await expect(page.getByText(/^Page 2\//)).toBeVisible();
    await expect(more).toHaveText(/^\+\d+ more/);
    // Round again: it always leads to what is hidden.
    const pages = Number(/\/(\d+)/.exec((await page.locator('#pager-of').textContent()) ?? '')?.[1]);
    for (let at = 1; at < pages; at += 1) await more.click();
    await expect(page.getByText(/^Page 1\//)).toBeVisible();
    await server.place(order());
    await expect.poll(() => all(page)).toBe(31);
});

test('row 12: a hidden ticket that is late makes its count and the header late', async ({ board, page, server }) => {
    for (let at = 0; at < 24; at += 1) await server.place(order({ rush: true }));
    await board.open('?view=grid');
    const more = page.locator('#pager-more');
    await expect(more).toHaveText(/more/);
    await expect(more).not.toHaveText(/late/i);
    await expect(page.locator('#lates .count')).not.toHaveClass(/is-some/);
    // It does not rush, so it stands behind all that do.
    await server.place(order({ fulfilment: { type: 'pickup', due_at: Date.now() - 60_000 } }));
    await expect(more).toHaveText(/late$/i);
    await expect(more.locator('.is-late')).toBeVisible();
    await expect(page.locator('#lates .count')).toHaveClass(/is-some/);
});

test('row 12: what is counted as more is not on no screen', async ({ page, server }) => {
    await server.keepScreen('fry', { role: 'prep', stations: ['fry'], view: 'grid' });
    const fries = order({ items: [{ name: 'Fries', quantity: 1, station: 'fry' }] });
    const orders = [];
    for (let count = 0; count < 40; count += 1) orders.push(await server.place(fries));
    await page.goto('/screens/fry');
    await expect(page.locator('#pager-more')).toContainText(/more/);
    const last = orders.at(-1);
    if (!last) throw new Error('no orders');
    await expect(page.locator(`#slots [data-order="${last.id}"]`)).toHaveCount(0);
    await expect.poll(() => server.seen(last), { timeout: 20_000 }).toContain('fry');
});
