/** Boards agree with each other, whoever acts. */

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';

test('a bump on one board moves the ticket on the other', async ({ board, anotherBoard, server }) => {
    const accepted = await server.move(await server.place(order()), 'accepted');
    const other = await anotherBoard();
    await board.open();
    await other.open();

    await board.ticket(accepted).bump();
    await board.has(accepted, 'Preparing');
    await other.has(accepted, 'Preparing');

    await other.ticket(accepted).bump();
    await other.has(accepted, 'Ready');
    await board.has(accepted, 'Ready');

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

    await Promise.all([board.ticket(accepted).bump(), other.ticket(accepted).bump()]);
    await board.has(accepted, 'Preparing');
    await other.has(accepted, 'Preparing');
    await board.ticket(accepted).isSettled();
    await other.ticket(accepted).isSettled();
    expect((await server.read(accepted.id)).version).toBe(accepted.version + 1);
});
