/** Row 10: what a finger is about to press stays what and where it was. */

import type { Page } from '@playwright/test';

import { expect, test } from '../../fixtures';
import { stopClock } from '../../fixtures/clock';
import { edit } from '../../fixtures/kitchen';
import { order } from '../../fixtures/orders';

/** How many orders are open, as the server's last heartbeat told the page: what came before it is in. */
const told = (page: Page) => page.locator('#figures dd').first();

test('row 10: no ticket moves under a finger, and all settle when it is gone', async ({ board, page, server }) => {
    await page.clock.install();
    const first = await server.move(await server.place(order()), 'accepted');
    const second = await server.move(await server.place(order()), 'accepted');
    const third = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await stopClock(page);
    const { bumpButton } = board.ticket(third);
    const before = await bumpButton.boundingBox();
    await bumpButton.hover();
    await page.mouse.down();

    // Of those above, one goes to another lane and one grows; others come.
    await server.move(first, 'preparing');
    const more = { name: 'Fries', quantity: 1, station: 'fry' };
    await edit(server, second, { add: [more, { ...more, name: 'Onion rings' }] });
    const rush = await server.place(order({ rush: true }));
    await expect(told(page)).toHaveText('4');
    await board.has(first, 'New');
    await expect(board.ticket(second).item('Onion rings')).toHaveCount(0);
    await expect(board.ticketIn(rush, 'New')).toHaveCount(0);
    expect(await bumpButton.boundingBox()).toEqual(before);

    await page.mouse.up();
    await expect.poll(async () => (await server.read(third.id)).status).toBe('preparing');
    await page.clock.runFor(1_000);
    await board.has(third, 'Preparing');
    await board.has(first, 'Preparing');
    await board.has(rush, 'New');
    await expect(board.ticket(second).item('Onion rings')).toBeVisible();
});

test('row 10: a finger that stays keeps nothing back for ever', async ({ board, page, server }) => {
    await page.clock.install();
    const first = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await stopClock(page);
    await board.ticket(first).root.locator('h3').hover();
    await page.mouse.down();
    const next = await server.place(order());
    await expect(told(page)).toHaveText('2');
    await expect(board.ticketIn(next, 'New')).toHaveCount(0);
    await page.clock.runFor(6_000);
    await board.has(next, 'New');
});

test('row 10: a button whose meaning has just changed does nothing, and says so', async ({ board, page, server }) => {
    await page.clock.install();
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await stopClock(page);
    const { bumpButton } = board.ticket(accepted);
    let sent = 0;
    page.on('request', (request) => (sent += Number(request.url().includes('/transitions'))));
    // Another screen is faster with the same step.
    await server.move(accepted, 'preparing');
    await page.clock.runFor(200);
    await expect(bumpButton).toContainText('Ready');
    await bumpButton.focus();
    await page.keyboard.press('Enter');
    await board.says(`Order ${accepted.number} has just changed`);
    await page.clock.runFor(300);
    expect(sent).toBe(0);
    await page.keyboard.press('Enter');
    await page.clock.resume();
    await board.has(accepted, 'Ready');
    expect(sent).toBe(1);
});

test('row 10: a digit does not bump what has just come into its slot', async ({ board, page, server }) => {
    await page.clock.install();
    await server.keepScreen('expo', { role: 'expo', view: 'grid', digits: 'bump' });
    const gone = await server.move(await server.place(order()), 'accepted');
    const next = await server.move(await server.place(order()), 'accepted');
    await page.goto('/screens/expo');
    await board.isLive();
    const slot = (number: number) =>
        page.locator('#slots > .ticket').filter({ has: page.getByRole('heading', { name: new RegExp(`\\b${number}\\b`) }) });
    await expect(slot(next.number)).toHaveAttribute('data-slot', '2');
    await stopClock(page);
    await server.move(gone, 'preparing', 'ready', 'completed');
    await page.clock.runFor(200);
    await expect(slot(gone.number)).toHaveCount(0);
    // Its slot stays empty for a moment, and is then another one's.
    for (let count = 0; count < 100 && (await slot(next.number).getAttribute('data-slot')) !== '1'; count += 1) {
        await page.clock.runFor(10);
    }
    await expect(slot(next.number)).toHaveAttribute('data-slot', '1');
    await page.keyboard.press('1');
    await board.says(`Order ${next.number} has just changed`);
    await page.clock.runFor(300);
    expect((await server.read(next.id)).status).toBe('accepted');
    await page.keyboard.press('1');
    await expect.poll(async () => (await server.read(next.id)).status).toBe('preparing');
});
