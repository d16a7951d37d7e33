/** Orders for later wait in a list of their own until they fire. */

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';

const HOUR = 3_600_000;
const later = (hours: number) =>
    order({ customer: { name: 'Ana' }, fulfilment: { type: 'pickup', due_at: Date.now() + hours * HOUR } });

test('an order for later is in no lane, and is new when it is fired', async ({ board, server }) => {
    const [last, next] = [await server.place(later(5)), await server.place(later(2))];
    await board.open();
    await board.says('All caught up');
    const drawer = board.page.getByRole('button', { name: 'Scheduled 2' });
    await drawer.click();
    const list = board.page.getByRole('dialog', { name: 'Scheduled orders' });
    await expect(list.getByRole('listitem')).toContainText([`${next.number}`, `${last.number}`]);

    await list.getByRole('button', { name: `Fire now ${next.number}` }).click();
    await expect(list.getByRole('listitem')).toHaveCount(1);
    await list.getByRole('button', { name: 'Close' }).click();
    await board.has(next, 'New');
    await expect(board.ticket(next).root.getByRole('listitem').filter({ hasText: 'New' })).toBeVisible();
    await expect(board.lane('New').locator('.to-new')).toContainText('1 new');
    await expect(board.page.getByRole('button', { name: 'Scheduled 1' })).toBeVisible();
    await board.has(next, 'New');
    await expect(board.ticketIn(last, 'New')).toHaveCount(0);
});

test('one that comes while the board is open goes into the list too', async ({ board, server }) => {
    await board.open();
    await server.place(later(3));
    await expect(board.page.getByRole('button', { name: 'Scheduled 1' })).toBeVisible();
    await expect(board.tickets).toHaveCount(0);
    // Nothing is missing: the server counts it as open.
    await board.isLive();
});
