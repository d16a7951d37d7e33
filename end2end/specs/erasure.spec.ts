/** An order whose customer is forgotten, on boards that are open. */

import { expect, test } from '../fixtures';
import { fullOrder } from '../fixtures/orders';

test('a board that is open forgets the customer and keeps the ticket', async ({ board, server }) => {
    const placed = await server.place(fullOrder());
    await board.open();
    const ticket = board.ticket(placed).root;
    await expect(ticket).toContainText('Ana K');
    await expect(ticket).toContainText('sauce on the side');
    const refused = await server.ask<{ code: string }>('POST', `/api/orders/${placed.id}/erase`, {});
    expect([refused.status, refused.body.code]).toEqual([409, 'order_is_open']);
    await expect(ticket).toContainText('Ana K');

    expect((await server.ask('POST', `/api/orders/${placed.id}/erase`, { while_open: true })).status).toBe(200);
    await expect(ticket).not.toContainText('Ana K');
    await expect(ticket).not.toContainText('sauce on the side');
    await expect(ticket).toContainText('Pad thai');
    // Work goes on.
    const accepted = await server.move(await server.read(placed.id), 'accepted', 'preparing');
    await board.has(accepted, 'Preparing');

    await board.page.reload();
    await expect(board.ticket(placed).root).toContainText('Spring rolls');
    await expect(board.page.getByText('Ana K')).toHaveCount(0);
});
