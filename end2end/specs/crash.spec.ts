/** The page's own program stops working: the board says so, claims nothing, and comes back. */

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';

test.beforeEach(async ({ context }) => context.clock.install());

for (const what of ['a board with orders', 'an empty board'] as const) {
    test(`${what} that has crashed does not claim to be live, and loads itself`, async ({ board, server }) => {
        const orders = what === 'an empty board' ? [] : [await server.place(order())];
        await board.open();
        await board.crash();

        await board.says(/This board stopped working/);
        for (const claim of ['Live', 'All caught up', /^checked \d+ s ago/]) {
            await expect(board.page.getByText(claim, { exact: true }).filter({ visible: true })).toHaveCount(0);
        }
        await board.holdsExactly(orders);

        const loaded = board.page.waitForEvent('load');
        await board.page.clock.runFor(48_000);
        await loaded;
        await board.isLive();
        await expect(board.page.getByText(/This board stopped working/)).toBeHidden();
    });
}
