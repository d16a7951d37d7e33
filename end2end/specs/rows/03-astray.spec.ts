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

    await page.evaluate((id) => {
        const ticket = document.querySelector(`[data-order="${id}"]`);
        document.querySelector('#pile-ready > *')?.append(ticket?.closest('li') ?? '');
    }, first.id);
    expect(await inLane('new')).toBe(1);
    await board.has(first, 'New');
    expect(await inLane('ready')).toBe(0);

    await page.evaluate((id) => document.querySelector(`[data-order="${id}"]`)?.closest('li')?.remove(), second.id);
    expect(await inLane('new')).toBe(1);
    await board.has(second, 'New');
    // As urgent as before.
    await expect(board.lane('New').getByRole('heading', { level: 3 })).toHaveText([
        new RegExp(`${first.number}`),
        new RegExp(`${second.number}`),
    ]);
    await board.ticket(second).bump();
    await expect.poll(() => server.read(second.id).then(({ status }) => status)).not.toBe('placed');
});
