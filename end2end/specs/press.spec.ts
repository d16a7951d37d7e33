/** A press begins when the finger comes down and counts when it goes up again. */

import { expect, test } from '../fixtures';
import { stopClock } from '../fixtures/clock';
import { edit } from '../fixtures/kitchen';
import { order } from '../fixtures/orders';

test('a press counts although its button is written anew meanwhile', async ({ board, server }) => {
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.page.clock.install();
    await board.open();
    const ticket = board.ticket(accepted).root;
    await ticket.locator('.timer').click();
    const details = board.page.getByRole('dialog', { name: `Order ${accepted.number}` });
    await expect(details.locator('.timeline li')).toHaveCount(2);
    // However slow this machine is, the press is a short one.
    await stopClock(board.page);
    await details.getByRole('button', { name: 'Hold' }).hover();
    await board.page.mouse.down();
    const rushed = await edit(server, accepted, { rush: true });
    await expect(ticket.locator('.badge-rush')).toHaveCount(1);
    // Whoever presses just when an order has changed may have meant what it was before.
    await board.page.clock.runFor(350);
    await board.page.mouse.up();
    await expect.poll(async () => (await server.read(accepted.id)).flags.held).toBe(true);
    expect((await server.read(accepted.id)).version).toBe(rushed.version + 1);
    // What was not written meanwhile is, soon.
    await board.page.clock.runFor(1_000);
    await expect(details.getByRole('button', { name: 'Not rush' })).toBeVisible();
    await expect(details.getByRole('button', { name: 'Release' })).toBeVisible();
});
