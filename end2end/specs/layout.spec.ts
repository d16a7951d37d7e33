/** From a small phone to a wall screen the board fits its width and its targets fit a finger. */

import { expect, test } from '../fixtures';
import { fullOrder, order } from '../fixtures/orders';

const LONG = 'Supercalifragilisticexpialidocious'.repeat(3);

for (const width of [320, 390, 768, 1366, 1920, 3840]) {
    test(`nothing sticks out at ${width} pixels`, async ({ board, server }) => {
        await server.place(fullOrder());
        await server.place(
            order({
                customer: { name: LONG },
                items: [{ name: LONG, quantity: 999, note: LONG, modifiers: [{ kind: 'no', name: LONG }], allergens: [LONG.slice(0, 40)] }],
            }),
        );
        await board.page.setViewportSize({ width, height: 900 });
        await board.open();
        const sticksOut = await board.page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(sticksOut).toBeLessThanOrEqual(0);
    });
}

test('every button is big enough for a finger', async ({ board, server }) => {
    await server.place(fullOrder());
    await board.page.setViewportSize({ width: 390, height: 844 });
    await board.open();
    for (const button of await board.page.getByRole('button').filter({ visible: true }).all()) {
        const box = await button.boundingBox();
        expect.soft(Math.min(box?.width ?? 0, box?.height ?? 0), await button.evaluate((it) => it.outerHTML)).toBeGreaterThanOrEqual(44);
    }
});
