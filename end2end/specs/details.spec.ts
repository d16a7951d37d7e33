/** All about an order: opened by the head of its ticket. */

import AxeBuilder from '@axe-core/playwright';

import { expect, test } from '../fixtures';
import { keepScreen } from '../fixtures/kitchen';
import { fullOrder, order } from '../fixtures/orders';

test('the head of a ticket opens what happened to its order, who did it and who has seen it', async ({ board, server }) => {
    await keepScreen(server, 'expo', { role: 'expo' });
    const placed = await server.move(await server.place(fullOrder()), 'accepted', 'preparing');
    await server.tick(placed, 1, 'done');
    await fetch(new URL('/api/seen', server.url), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ screen: 'grill', orders: [placed.id] }),
    });
    await board.page.goto('/screens/expo');
    await board.isLive();
    await board.ticket(placed).root.locator('.timer').click();
    const details = board.page.getByRole('dialog', { name: `Order ${placed.number}` });
    for (const words of ['Ana K', 'web', '555-0134', 'Pad thai done', 'grill']) {
        await expect(details).toContainText(words);
    }
    await expect(details.locator('.timeline li')).toHaveCount(4);
    const { violations } = await new AxeBuilder({ page: board.page }).include('dialog').analyze();
    expect(violations).toEqual([]);

    // It follows the order.
    await details.getByRole('button', { name: 'Not rush' }).click();
    await expect(details.getByRole('button', { name: 'Rush', exact: true })).toBeFocused();
    await expect(details.locator('.timeline li')).toHaveCount(5);
    await expect(details.locator('.timeline li').last()).toContainText('expo');
    await board.page.keyboard.press('Escape');
    await expect(details).toBeHidden();
    await expect(board.ticket(placed).root.locator('.badge-rush')).toHaveCount(0);
});

test('an order is held, released and cancelled from its details, by keyboard', async ({ board, server }) => {
    await keepScreen(server, 'grill', { stations: ['grill'] });
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.page.goto('/screens/grill');
    await board.isLive();
    await board.ticket(accepted).root.getByRole('button', { name: new RegExp(`Order ${accepted.number}`) }).first().focus();
    await board.page.keyboard.press('Enter');
    const details = board.page.getByRole('dialog', { name: `Order ${accepted.number}` });
    // What happened comes a moment later, and is written under the button.
    const steps = details.locator('.timeline li');
    await expect(steps).toHaveCount(2);
    await details.getByRole('button', { name: 'Hold' }).click();
    await expect(steps).toHaveCount(3);
    await details.getByRole('button', { name: 'Release' }).click();
    await expect(steps).toHaveCount(4);
    await expect(details.getByRole('button', { name: 'Hold' })).toBeVisible();
    await details.getByRole('button', { name: 'Cancel order' }).click();
    await board.page.getByRole('dialog').getByRole('button', { name: 'Closing' }).click();
    await expect.poll(async () => (await server.read(accepted.id)).status).toBe('cancelled');
    await expect(board.tickets).toHaveCount(0);
});
