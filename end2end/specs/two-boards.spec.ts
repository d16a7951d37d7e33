/** Boards agree with each other, whoever acts. */

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';

test('a bump on one board moves the ticket on the other', async ({ board, anotherBoard, server }) => {
    const accepted = await server.move(await server.place(order()), 'accepted');
    const other = await anotherBoard();
    for (const { page } of [board, other]) await page.clock.install();
    await board.open();
    await other.open();

    await board.ticket(accepted).bump();
    await board.has(accepted, 'Preparing');
    await other.has(accepted, 'Preparing');

    // Nobody presses what has said something else for less than a moment.
    await other.page.clock.runFor(300);
    await other.ticket(accepted).bump();
    await other.has(accepted, 'Ready');
    await board.has(accepted, 'Ready');

    await board.page.clock.runFor(300);
    await board.ticket(accepted).bump();
    await expect(board.ticketIn(accepted, 'Ready')).toHaveCount(0);
    await expect(other.ticketIn(accepted, 'Ready')).toHaveCount(0);
    expect((await server.read(accepted.id)).status).toBe('completed');
});

test('two people bump the same ticket at once: it moves one step', async ({ board, anotherBoard, server, faults }) => {
    // One of the two may be refused, which the browser reports.
    faults.allow(/Failed to load resource.*(409|412)/);
    const accepted = await server.move(await server.place(order()), 'accepted');
    const other = await anotherBoard();
    await board.open();
    await other.open();

    // Neither request reaches the server before both are on their way, so that
    // neither person can have seen what the other did.
    let bothPressed = () => {};
    const both = new Promise<void>((resolve) => (bothPressed = resolve));
    let pressed = 0;
    for (const { page } of [board, other]) {
        await page.route('**/transitions', async (route) => {
            pressed += 1;
            if (pressed === 2) bothPressed();
            await both;
            await route.continue();
        });
    }
    await board.ticket(accepted).bump();
    await other.ticket(accepted).bump();
    await board.has(accepted, 'Preparing');
    await other.has(accepted, 'Preparing');
    await board.ticket(accepted).isSettled();
    await other.ticket(accepted).isSettled();
    expect((await server.read(accepted.id)).version).toBe(accepted.version + 1);
});
