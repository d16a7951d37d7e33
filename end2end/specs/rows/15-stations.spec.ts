import type { Route } from '@playwright/test';

import { expect, test } from '../../fixtures';
import { items, keepScreen, mark } from '../../fixtures/kitchen';
import { order } from '../../fixtures/orders';

const both = order({
    items: [
        { name: 'Cheeseburger', quantity: 2, station: 'grill' },
        { name: 'Fries', quantity: 1, station: 'fry' },
        { name: 'Onion rings', quantity: 1, station: 'fry' },
    ],
});

test('row 15: each station makes its part, and the whole is complete when all have', async ({
    board,
    anotherBoard,
    server,
}) => {
    await keepScreen(server, 'grill', { stations: ['grill'] });
    await keepScreen(server, 'expo', { role: 'expo', view: 'columns' });
    const placed = await server.place(both);
    const expo = await anotherBoard();
    await board.page.goto('/screens/grill');
    await board.isLive();
    await expo.page.goto('/screens/expo');
    await expo.isLive();
    const [mine, whole] = [board.ticket(placed), expo.ticket(placed)];
    await expect(mine.item('Cheeseburger')).toBeVisible();
    await expect(mine.item('Fries')).toHaveCount(0);
    await expect(mine.root).toContainText('also: fry 0/2');
    await expect(whole.root.locator('.also')).toHaveText(/grill 0\/1 · fry 0\/2/);

    const press = async (words: string) => {
        await expect(mine.bumpButton).toContainText(words);
        await mine.bumpButton.focus();
        await board.page.keyboard.press('Enter');
    };
    await press('Accept');
    await press('Start');
    await board.has(placed, 'Preparing');
    expect(await items(server, placed)).toEqual({ Cheeseburger: 'doing', Fries: 'todo', 'Onion rings': 'todo' });
    await press('Done');
    // Out of the way here; there, it is one part of three.
    await board.has(placed, 'Ready');
    await expo.has(placed, 'Preparing');
    await expect(whole.root.locator('.also')).toHaveText(/grill 1\/1/);
    await expect(mine.bumpButton).toHaveCount(0);
    expect((await server.read(placed.id)).status).toBe('preparing');

    const [, fries, rings] = (await server.read(placed.id)).items;
    if (!fries || !rings) throw new Error('the order has three items');
    await server.tick(await server.read(placed.id), fries.id, 'done');
    await expect(mine.root).toContainText('also: fry 1/2');
    await server.tick(await server.read(placed.id), rings.id, 'done');
    await expo.has(placed, 'Ready');
    await expect(mine.root.locator('.timer')).toContainText('Ready');
});

test('row 15: two stations that bump at once both succeed', async ({ board, server, faults }) => {
    faults.allow(/Failed to load resource.*412/);
    await keepScreen(server, 'grill', { stations: ['grill'] });
    const placed = await server.move(await server.place(both), 'accepted', 'preparing');
    await board.page.goto('/screens/grill');
    await board.isLive();
    const faster = async (route: Route) => {
        await mark(server, placed, ['fry'], 'doing');
        await route.continue();
    };
    await board.page.route('**/stations', faster, { times: 1 });
    await board.ticket(placed).bump();
    await board.has(placed, 'Ready');
    await expect(board.ticket(placed).root).not.toContainText('Not saved');
    expect(await items(server, placed)).toEqual({ Cheeseburger: 'done', Fries: 'doing', 'Onion rings': 'doing' });
});

test.describe('where items are routed', () => {
    test.use({
        serverOptions: {
            args: ['--set', 'routing.grill=Cheeseburger'],
            env: { LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000' },
        },
    });

    test('row 15: what nobody has routed is on every screen of a station, with a warning', async ({ board, server }) => {
        await keepScreen(server, 'grill', { stations: ['grill'] });
        await keepScreen(server, 'fry', { stations: ['fry'] });
        const items = ['Cheeseburger', 'Lemonade'].map((name) => ({ name, quantity: 1 }));
        const placed = await server.place(order({ items }));
        const ticket = board.ticket(placed);
        await board.page.goto('/screens/grill');
        await expect(ticket.item('Lemonade')).toContainText('No station');
        await expect(ticket.item('Cheeseburger')).not.toContainText('No station');
        await board.page.goto('/screens/fry');
        await expect(ticket.item('Lemonade')).toContainText('No station');
        await expect(ticket.item('Cheeseburger')).toHaveCount(0);
        await board.open();
        await expect(ticket.item('Lemonade')).toContainText('No station');
    });

    test('row 15: a bump leaves what nobody has routed to whoever makes it', async ({ board, anotherBoard, server }) => {
        await keepScreen(server, 'grill', { stations: ['grill'] });
        await keepScreen(server, 'fry', { stations: ['fry'] });
        const names = [
            { name: 'Cheeseburger', quantity: 1 },
            { name: 'Fries', quantity: 1, station: 'fry' },
            { name: 'Lemonade', quantity: 1 },
        ];
        const placed = await server.move(await server.place(order({ items: names })), 'accepted', 'preparing');
        const fry = await anotherBoard();
        await board.page.goto('/screens/grill');
        await board.isLive();
        await fry.page.goto('/screens/fry');
        await fry.isLive();
        await fry.ticket(placed).bump();
        await expect(fry.ticket(placed).bumpButton).toHaveCount(0);
        expect(await items(server, placed)).toEqual({ Cheeseburger: 'todo', Fries: 'done', Lemonade: 'todo' });
        for (const screen of [board, fry]) await screen.has(placed, 'Preparing');
        // What this screen does next is meant for the order as the other one has left it.
        await expect(board.ticket(placed).root).toContainText('fry 1/1');
        await board.ticket(placed).item('Lemonade').click();
        await board.ticket(placed).isTicked('Lemonade', true);
        await fry.has(placed, 'Ready');
        await board.ticket(placed).bump();
        await board.has(placed, 'Ready');
        expect((await server.read(placed.id)).status).toBe('ready');
    });
});
