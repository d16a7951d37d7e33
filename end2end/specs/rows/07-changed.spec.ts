import { expect, test } from '../../fixtures';
import { edit, keepScreen } from '../../fixtures/kitchen';
import { order } from '../../fixtures/orders';

const both = order({
    items: [
        { name: 'Cheeseburger', quantity: 2, station: 'grill' },
        { name: 'Hot dog', quantity: 1, station: 'grill' },
        { name: 'Fries', quantity: 1, station: 'fry' },
    ],
});

test('row 7: a change shows what is added, taken off and counted anew, until it is tapped', async ({
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
    const changed = (where: typeof board) => where.ticket(placed).root.getByRole('button', { name: /^Changed/ });
    await expect(changed(board)).toHaveCount(0);

    await edit(server, placed, {
        quantities: [{ item: 1, quantity: 3 }],
        remove: [2],
        add: [
            { name: 'Onion rings', quantity: 1, station: 'fry' },
            { name: 'Steak', quantity: 1, station: 'grill' },
        ],
    });
    const ticket = board.ticket(placed);
    await expect(changed(board)).toBeVisible();
    await expect(ticket.item('Cheeseburger').locator('.qty')).toHaveText('2→3');
    await expect(ticket.item('Hot dog')).toContainText('Removed');
    await expect(ticket.item('Hot dog').locator('.what')).toHaveCSS('text-decoration-line', 'line-through');
    await expect(ticket.item('Steak')).toContainText('Added');
    await expect(ticket.root.locator('.round')).toHaveText(/^Added \d\d:\d\d$/);
    await expect(ticket.item('Onion rings')).toHaveCount(0);

    await changed(board).click();
    await expect(changed(board)).toHaveCount(0);
    await expect(ticket.item('Cheeseburger').locator('.qty')).toHaveText('3');
    // What came in a round of its own stays told from the rest.
    await expect(ticket.root.locator('.round')).toHaveCount(1);
    // Another station has its own part to see.
    await expect(changed(fry)).toBeVisible();
    await changed(fry).click();
    await expect(changed(fry)).toHaveCount(0);
    const now = (await server.read(placed.id)) as unknown as { flags: { changed: boolean } };
    expect(now.flags.changed).toBe(false);
});

test('row 7: what was made comes back when there is more to make of it', async ({ board, server }) => {
    await keepScreen(server, 'grill', { stations: ['grill'] });
    const placed = await server.move(await server.place(both), 'accepted');
    await board.page.goto('/screens/grill');
    await board.isLive();
    await board.ticket(placed).bump();
    await board.has(placed, 'Preparing');
    // Nothing else is taken before its answer has come.
    await board.ticket(placed).isSettled();
    await board.page.keyboard.press('Tab');
    await board.ticket(placed).bumpButton.focus();
    await board.page.keyboard.press('Enter');
    await board.has(placed, 'Ready');
    await edit(server, placed, { quantities: [{ item: 1, quantity: 5 }] });
    await board.has(placed, 'Preparing');
    await expect(board.ticket(placed).item('Cheeseburger').locator('.qty')).toHaveText('2→5');
    await board.ticket(placed).isTicked('Hot dog', true);
});
