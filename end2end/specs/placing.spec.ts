/** An order that is posted is on every open board. */

import { expect, test } from '../fixtures';
import { fullOrder, order } from '../fixtures/orders';

test('a posted order comes up on the open board', async ({ board, server }) => {
    await board.open();
    await expect(board.tickets).toHaveCount(0);

    const placed = await server.place(fullOrder());
    await board.has(placed, 'New');
    const ticket = board.ticket(placed).root;
    for (const text of ['Ana K', 'Pad thai', 'Spring rolls', 'tofu', 'sauce on the side']) {
        await expect(ticket).toContainText(text);
    }
});

test('the shortest order there is comes up', async ({ board, server }) => {
    await board.open();
    const placed = await server.place({ items: [{ name: 'Cheeseburger', quantity: 2 }] });
    await board.has(placed, 'New');
    await expect(board.ticket(placed).root).toContainText('Cheeseburger');
});

test('a ticket looks the same streamed and served', async ({ board, anotherBoard, server }) => {
    await board.open();
    const placed = await server.place(fullOrder());
    await board.has(placed, 'New');
    const later = await anotherBoard();
    await later.open();

    // Clocks go on between the two looks.
    const text = async (of: typeof board) =>
        (await of.ticket(placed).root.innerText()).replace(/[−-]?\d+:\d\d/g, '0:00').replace(/\bNEW\b/gi, '');
    expect((await text(board)).split(/\s+/)).toEqual((await text(later)).split(/\s+/));
});

test('an order that comes out of sight is told at the title of its lane, and one press away', async ({ board, server }) => {
    for (let count = 0; count < 12; count += 1) await server.place(order());
    await board.open();
    const title = board.lane('New').getByRole('button', { name: /^\d+ new/ });
    await expect(title).toHaveCount(0);

    const placed = await server.place(order());
    const ticket = board.ticket(placed);
    await expect(ticket.root).toHaveCount(1);
    await expect(ticket.bumpButton).not.toBeInViewport();
    await title.click();
    await expect(ticket.bumpButton).toBeInViewport();
    await expect(ticket.root.getByRole('button').first()).toBeFocused();
});

test('a burst of orders comes up whole, each once', async ({ board, server }) => {
    await board.open();
    const placed = await Promise.all(Array.from({ length: 60 }, () => server.place(order())));
    await board.holdsExactly(placed);
});
