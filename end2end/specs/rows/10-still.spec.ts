import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

test('row 10: no ticket moves under a finger, and all settle when it is gone', async ({ board, server }) => {
    const first = await server.move(await server.place(order()), 'accepted');
    const second = await server.move(await server.place(order()), 'accepted');
    await board.open();
    const { page } = board;
    const place = () => board.ticket(second).bumpButton.boundingBox();
    const before = await place();
    if (!before) throw new Error('the ticket is not there');
    await page.mouse.move(before.x + before.width / 2, before.y + before.height / 2);
    await page.mouse.down();

    // The one above goes, and others come, while the finger is down.
    await server.move(first, 'cancelled');
    const rush = await server.place(order({ rush: true }));
    await expect.poll(async () => (await server.open()).length).toBe(2);
    await expect(board.ticket(first).root).toContainText(/cancelled/i);
    expect(await place()).toMatchObject({ x: before.x });
    await expect(board.ticketIn(rush, 'New')).toHaveCount(0);

    await page.mouse.up();
    await board.has(second, 'Preparing');
    await board.has(rush, 'New');
});
