/** The board works without a pointer, and focus stays with the order. */

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';

test('a ticket is bumped with the keyboard alone', async ({ board, server }) => {
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await board.ticket(accepted).bumpButton.focus();
    await board.page.keyboard.press('Enter');
    await board.has(accepted, 'Preparing');
    await board.ticket(accepted).isSettled();

    await board.ticket(accepted).bumpButton.focus();
    await board.page.keyboard.press('Enter');
    await board.has(accepted, 'Ready');
    await board.ticket(accepted).isSettled();
    await board.page.keyboard.press('z');
    await board.has(accepted, 'Preparing');
});

test('focus stays on its order while others come and go', async ({ board, server }) => {
    const before = await server.move(await server.place(order()), 'accepted');
    const mine = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await board.ticket(mine).bumpButton.focus();

    const after = await server.place(order({ rush: true }));
    await server.move(before, 'preparing');
    await board.has(after, 'New');
    await board.has(before, 'Preparing');
    await expect(board.ticket(mine).bumpButton).toBeFocused();
});
