/** Row 3: a ticket that is not where its order is, however that came about, is put there. */

import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

test('row 3: a ticket that stands in another lane than its order, or nowhere, is brought back', async ({
    board,
    page,
    server,
}) => {
    const first = await server.place(order());
    const second = await server.place(order());
    await board.open();
    await board.has(first, 'New');
    const inLane = (lane: string) => page.locator(`#pile-${lane} [data-order]`).count();
    expect(await inLane('new')).toBe(2);

    // Counted in the same turn: the board's next second puts it back.
    const left = await page.evaluate((id) => {
        const ticket = document.querySelector(`[data-order="${id}"]`);
        document.querySelector('#pile-ready > *')?.append(ticket?.closest('li') ?? '');
        return document.querySelectorAll('#pile-new [data-order]').length;
    }, first.id);
    expect(left).toBe(1);
    await board.has(first, 'New');
    expect(await inLane('ready')).toBe(0);

    const rest = await page.evaluate((id) => {
        document.querySelector(`[data-order="${id}"]`)?.closest('li')?.remove();
        return document.querySelectorAll('#pile-new [data-order]').length;
    }, second.id);
    expect(rest).toBe(1);
    await board.has(second, 'New');
    // As urgent as before.
    await expect(board.lane('New').getByRole('heading', { level: 3 })).toHaveText([
        new RegExp(`${first.number}`),
        new RegExp(`${second.number}`),
    ]);
    await board.ticket(second).bump();
    await expect.poll(() => server.read(second.id).then(({ status }) => status)).not.toBe('placed');
});
