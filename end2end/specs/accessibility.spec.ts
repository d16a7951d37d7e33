/** axe finds nothing to complain about, in dark and light, whatever the board shows. */

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { PLAIN_STREAMS, expect, test } from '../fixtures';
import { fullOrder, order, refusal } from '../fixtures/orders';
import { holdReload } from '../fixtures/reload';

async function complaints(page: Page, ...but: string[]): Promise<string[]> {
    const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .disableRules(but)
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

            test.describe('with streams as text', () => {
                test.use(PLAIN_STREAMS);

                test('a board in the middle of everything', async ({ board, server, network, faults }) => {
                    faults.allow(/Failed to load resource.*503/);
                    const delivery = order({ fulfilment: { type: 'delivery', address: '1 Example Street' } });
                    const cooking = async () => server.move(await server.place(delivery), 'accepted', 'preparing');
                    const [pending, refused, cancelled, bumped] = [await cooking(), await cooking(), await cooking(), await cooking()];
                    await board.open();

                    await board.ticket(bumped).bump();
                    await board.says(`Order ${bumped.number} is ready`);
                    await server.cancel(cancelled, 'Customer called');
                    await expect(board.ticket(cancelled).root).toContainText('Customer called');
                    await board.page.route(`**/${refused.id}/transitions`, (route) => route.fulfill(refusal('The disk is full.')));
                    await board.ticket(refused).cancel('Closing');
                    await board.ticket(refused).isRefused('The disk is full.');
                    // Never answered: it stays pending for as long as axe looks.
                    await board.page.route(`**/${pending.id}/transitions`, () => {});
                    await board.ticket(pending).bump();
                    await board.ticket(pending).isPending();
                    network.rewrite('event: order.placed', 'event: order.unseen');
                    await server.place(fullOrder());
                    await board.says('Resynced, 1 order added', 20_000);
                    network.rewrite();
                    // A ticket that comes is transparent at first.
                    await board.page.evaluate(async () => {
                        await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
                    });
                    expect(await complaints(board.page)).toEqual([]);
                });
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

        test('a board that has crashed', async ({ board, server }) => {
            await server.place(fullOrder());
            await board.open();
            await board.crash();
            await board.says(/This board stopped working/);
            expect(await complaints(board.page)).toEqual([]);
        });

        test('the page while orders cannot be read', async ({ page, server, faults }) => {
            faults.allow(/Failed to load resource.*503/);
            // A store that is no longer one.
            for (const file of await readdir(server.data)) {
                if (file.startsWith('orders.db')) await writeFile(join(server.data, file), 'no store '.repeat(10_000));
            }
            await holdReload(page, '/');
            await page.goto('/');
            await expect(page.getByRole('heading', { name: 'The orders cannot be read' })).toBeVisible();
            // It comes back by itself: at a screen on the wall there is nobody to press anything.
            expect(await complaints(page, 'meta-refresh')).toEqual([]);
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
