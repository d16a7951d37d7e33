/** Row 10: nothing moves under a finger, and the board can be frozen. */

import type { Page } from '@playwright/test';

import { expect, test } from '../../fixtures';
import { stopClock } from '../../fixtures/clock';
import { order } from '../../fixtures/orders';

const slotOf = (page: Page, number: number) =>
    page.locator('#slots > .ticket').filter({ has: page.getByRole('heading', { name: new RegExp(`\\b${number}\\b`) }) });

/** For how much longer, and how much has come meanwhile. */
const ONE_WAITS = /^Frozen \d:\d\d · 1 change waiting$/;

test('row 10: a frozen layout stands still, says what waits, and settles', async ({ board, page, server }) => {
    const first = await server.place(order());
    const second = await server.place(order());
    await board.open('?view=grid');
    await expect(slotOf(page, second.number)).toHaveAttribute('data-slot', '2');
    await page.keyboard.press('f');
    await expect(page.getByRole('button', { name: 'Frozen' })).toBeVisible();

    await server.cancel(first, 'Duplicate or test');
    const rush = await server.place(order({ rush: true }));
    await expect(page.getByRole('button', { name: ONE_WAITS })).toBeVisible();
    await expect(slotOf(page, second.number)).toHaveAttribute('data-slot', '2');
    await expect(slotOf(page, rush.number)).toHaveCount(0);

    await page.getByRole('button', { name: 'Frozen' }).click();
    await expect(slotOf(page, rush.number)).toHaveAttribute('data-slot', '1');
    await expect(page.getByRole('button', { name: 'Freeze', exact: true })).toBeVisible();
});

test('row 10: a bumped ticket leaves its slot empty, and nothing moves while a finger is down', async ({
    board,
    page,
    server,
}) => {
    const orders = [];
    for (let count = 0; count < 3; count += 1) {
        orders.push(await server.move(await server.place(order()), 'accepted', 'preparing', 'ready'));
    }
    const [gone, next, last] = orders;
    if (!gone || !next || !last) throw new Error('no orders');
    await page.clock.install();
    await board.open('?view=grid');
    await expect(slotOf(page, last.number)).toHaveAttribute('data-slot', '3');
    await stopClock(page);
    await server.move(gone, 'completed');
    await page.clock.runFor(200);
    await expect(slotOf(page, gone.number)).toHaveCount(0);
    // A finger rests on the second ticket, for longer than a slot stays empty.
    await slotOf(page, next.number).locator('h3').hover();
    await page.mouse.down();
    await page.clock.runFor(2_500);
    await expect(slotOf(page, next.number)).toHaveAttribute('data-slot', '2');
    await page.mouse.up();
    await page.mouse.move(0, 0);
    await page.clock.runFor(6_000);
    await expect(slotOf(page, next.number)).toHaveAttribute('data-slot', '1');
    await expect(slotOf(page, last.number)).toHaveAttribute('data-slot', '2');
});

test('row 10: a frozen layout has an end, which is told', async ({ board, page, server }) => {
    await page.clock.install();
    const first = await server.place(order());
    await board.open('?view=grid');
    await expect(slotOf(page, first.number)).toHaveAttribute('data-slot', '1');
    await page.keyboard.press('f');
    await expect(page.getByRole('button', { name: /^Frozen (5:00|4:5\d)$/ })).toBeVisible();
    const rush = await server.place(order({ rush: true }));
    await expect(page.getByRole('button', { name: ONE_WAITS })).toBeVisible();
    await page.clock.fastForward(301_000);
    await expect(page.getByRole('button', { name: 'Freeze', exact: true })).toBeVisible();
    await expect(slotOf(page, rush.number)).toHaveAttribute('data-slot', '1');
});

test('row 10: a frozen board keeps its lanes', async ({ board, page, server }) => {
    const one = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await page.keyboard.press('f');
    await server.move(one, 'preparing');
    await expect(page.getByRole('button', { name: ONE_WAITS })).toBeVisible();
    await board.has(one, 'New');
    await page.keyboard.press('f');
    await board.has(one, 'Preparing');
});
