import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

test('row 14: nothing on a screen clears more than one order', async ({ board, page, server }) => {
    await server.keepScreen('expo', { role: 'expo', view: 'columns' });
    const placed = [await server.place(order()), await server.place(order()), await server.place(order())];
    await page.goto('/screens/expo');
    await board.isLive();
    for (const panel of ['all-day', 'search', 'intake']) {
        await page.locator(`button[data-act="${panel}"]`).click();
        await expect(page.locator('#panel-title')).toBeVisible();
        const names = await page.getByRole('button').allInnerTexts();
        expect(names.filter((name) => /\b(all orders|clear|bump all|close all|everything)\b/i.test(name))).toEqual([]);
        // What is beside the tickets does something to the screen, the kitchen's
        // intake, or one order that it names.
        const acts = await page
            .locator('button[data-act]')
            .evaluateAll((buttons) =>
                buttons.filter((it) => !it.closest('[data-order]')).map((it) => it.getAttribute('data-act')),
            );
        const harmless =
            /^(intake(-.+)?|test-order|sound|theme|all-day|search|closed|scheduled|freeze|help|page-(previous|next)|reconnect|undo|panel-close|start-screen|no-start|to-new|more-.+|day-.+|show-.+|found-(\d+|more))$/;
        expect(acts.filter((act) => !harmless.test(act ?? ''))).toEqual([]);
        await page.locator('[data-act="panel-close"]').click();
    }
    await board.holdsExactly(placed);
});

test('row 14: no request changes more than one order', async ({ server }) => {
    const placed = [await server.place(order()), await server.place(order())];
    for (const [method, path] of [
        ['DELETE', '/api/orders'],
        ['PATCH', '/api/orders'],
        ['POST', '/api/orders/clear'],
        ['POST', '/api/orders/transitions'],
        ['DELETE', `/api/orders/${placed[0]!.id}`],
    ] as const) {
        const answer = await server.ask(method, path, { to: 'completed', orders: placed.map((it) => it.id) });
        expect([404, 405], `${method} ${path}`).toContain(answer.status);
    }
    expect((await server.open()).map((it) => it.number)).toEqual(placed.map((it) => it.number));
});
