import type { Route } from '@playwright/test';

import { expect, test } from '../../fixtures';
import { keepScreen, mark } from '../../fixtures/kitchen';
import { order } from '../../fixtures/orders';

const both = order({
    items: [
        { name: 'Cheeseburger', quantity: 1, station: 'grill' },
        { name: 'Fries', quantity: 1, station: 'fry' },
    ],
});

test('row 6: a cancelled order must be acknowledged, and never vanishes under the cook', async ({
    board,
    anotherBoard,
    server,
}) => {
    await keepScreen(server, 'grill', { stations: ['grill'] });
    const placed = await server.move(await server.place(both), 'accepted');
    const other = await anotherBoard();
    await board.page.goto('/screens/grill');
    await board.isLive();
    await other.open();

    await server.cancel(placed, 'Customer called');
    const ticket = board.ticket(placed).root;
    await expect(ticket).toContainText(/cancelled/i);
    await expect(ticket).toContainText('Customer called');
    await expect(ticket.locator('.name')).toHaveCSS('text-decoration-line', 'line-through');
    await expect(board.ticket(placed).bumpButton).toHaveCount(0);
    await expect(board.page.locator('#alert')).toContainText(`Order ${placed.number} is cancelled`);
    // Nor is it gone for who comes later.
    await board.page.reload();
    await board.isLive();
    await expect(ticket).toContainText('Customer called');

    await ticket.getByRole('button', { name: `Got it order ${placed.number}` }).click();
    await expect(board.tickets).toHaveCount(0);
    await expect(other.tickets).toHaveCount(0);
});

test('row 6: what one station knows of stays where another has it in hand', async ({
    board,
    anotherBoard,
    server,
    faults,
}) => {
    // Fry may say so before its board has heard that grill has: it is sent once more then.
    faults.allow(/Failed to load resource.*412/);
    await keepScreen(server, 'grill', { stations: ['grill'] });
    await keepScreen(server, 'fry', { stations: ['fry'] });
    const placed = await server.move(await server.place(both), 'accepted', 'preparing');
    const fry = await anotherBoard();
    await board.page.goto('/screens/grill');
    await board.isLive();
    await fry.page.goto('/screens/fry');
    await fry.isLive();
    await server.cancel(placed, 'Customer called');
    const gotIt = { name: `Got it order ${placed.number}` };
    await board.ticket(placed).root.getByRole('button', gotIt).click();
    await expect(board.tickets).toHaveCount(0);
    await expect(fry.ticket(placed).root).toContainText('Customer called');
    await fry.ticket(placed).root.getByRole('button', gotIt).click();
    await expect(fry.tickets).toHaveCount(0);
});

test('row 6: two stations that say so at once both succeed', async ({ board, server, faults }) => {
    faults.allow(/Failed to load resource.*412/);
    await keepScreen(server, 'grill', { stations: ['grill'] });
    const placed = await server.move(await server.place(both), 'accepted', 'preparing');
    await board.page.goto('/screens/grill');
    await board.isLive();
    await server.cancel(placed, 'Customer called');
    const ticket = board.ticket(placed).root;
    await expect(ticket).toContainText('Customer called');
    // Fry is faster, and grill has not heard of it.
    const faster = async (route: Route) => {
        const { version } = await server.read(placed.id);
        const known = { of: 'cancel', stations: ['fry'], expected_version: version };
        const answer = await server.ask('POST', `/api/orders/${placed.id}/acknowledge`, known);
        expect(answer.status).toBe(200);
        await route.continue();
    };
    await board.page.route('**/acknowledge', faster, { times: 1 });
    let refused = 0;
    board.page.on('response', (answer) => (refused += Number(answer.status() === 412)));
    await ticket.getByRole('button', { name: `Got it order ${placed.number}` }).click();
    await expect(board.tickets).toHaveCount(0);
    expect(refused).toBe(1);
});

test('row 6: what was made already is acknowledged too, where it was made', async ({ board, server }) => {
    await keepScreen(server, 'grill', { stations: ['grill'] });
    const placed = await server.move(await server.place(both), 'accepted', 'preparing');
    await mark(server, placed, ['grill'], 'done');
    await board.page.goto('/screens/grill');
    await board.isLive();
    await server.cancel(await server.read(placed.id), 'Closing');
    const ticket = board.ticket(placed).root;
    await expect(ticket).toContainText('Closing');
    await ticket.getByRole('button', { name: /^Got it/ }).click();
    await expect(board.tickets).toHaveCount(0);
});

test('row 6: why is said in the language of whoever reads it', async ({ board, anotherBoard, server }) => {
    await keepScreen(server, 'fry', { stations: ['fry'], language: 'de' });
    const placed = await server.move(await server.place(both), 'accepted', 'preparing');
    await board.open();
    const fry = (await anotherBoard()).page;
    await fry.goto('/screens/fry');
    await expect(fry.locator('#app')).toHaveAttribute('data-extras', '', { timeout: 20_000 });
    await board.ticket(placed).cancel("Item is 86'd");
    await expect(board.ticket(placed).root).toContainText("Item is 86'd");
    await expect(fry.locator('.cancelled')).toContainText('Ausverkauft');
    expect((await server.read(placed.id)).last_change.reason).toBe('sold_out');
});
