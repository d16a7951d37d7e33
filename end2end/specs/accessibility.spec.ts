/** axe finds nothing to complain about, in dark and light, whatever the board shows. */

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures';
import { fullOrder, order } from '../fixtures/orders';

async function complaints(page: Page): Promise<string[]> {
    const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .analyze();
    return violations.flatMap(({ id, help, nodes }) =>
        nodes.map((node) => `${id} (${help}): ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
    );
}

for (const colorScheme of ['dark', 'light'] as const) {
    for (const [screen, viewport] of [
        ['wide', { width: 1600, height: 900 }],
        ['phone', { width: 390, height: 844 }],
    ] as const) {
        test.describe(`${colorScheme}, ${screen}`, () => {
            test.use({ colorScheme, viewport });

            test('a full board', async ({ board, server }) => {
                const delivery = order({ fulfilment: { type: 'delivery', address: '1 Example Street' } });
                const late = order({ fulfilment: { type: 'pickup', due_at: Date.now() - 120_000 } });
                await server.place(fullOrder());
                await server.place(late);
                await server.move(await server.place(late), 'accepted', 'preparing');
                await server.move(await server.place(fullOrder()), 'accepted', 'preparing', 'ready', 'preparing');
                await server.move(await server.place(delivery), 'accepted', 'preparing', 'ready');
                await server.move(
                    await server.place(delivery),
                    ...(['accepted', 'preparing', 'ready', 'out_for_delivery'] as const),
                );
                await board.open();
                expect(await complaints(board.page)).toEqual([]);
            });

            test('an empty board', async ({ board }) => {
                await board.open();
                expect(await complaints(board.page)).toEqual([]);
            });
        });
    }

    test.describe(colorScheme, () => {
        test.use({ colorScheme });

        test('a board that is offline', async ({ board, server, network, faults }) => {
            faults.allowLostConnections();
            await server.place(fullOrder());
            await board.open();
            await network.cut();
            await board.says(/Offline since/, 40_000);
            expect(await complaints(board.page)).toEqual([]);
        });

        test('the dialogs', async ({ board, server }) => {
            const placed = await server.place(fullOrder());
            await server.move(await server.place(order()), 'accepted', 'preparing', 'ready', 'completed');
            await board.open();
            await board.ticket(placed).root.getByRole('button', { name: /^Reject order/ }).click();
            await expect(board.page.getByRole('dialog')).toBeVisible();
            expect(await complaints(board.page)).toEqual([]);
            await board.page.keyboard.press('Escape');
            await board.page.getByRole('button', { name: 'Recall', exact: true }).click();
            await expect(board.page.getByRole('dialog').getByRole('button', { name: /^Recall order/ })).toBeVisible();
            expect(await complaints(board.page)).toEqual([]);
        });
    });
}
