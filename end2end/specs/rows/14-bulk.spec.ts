import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from '../../fixtures';
import { type FoodOrder, order } from '../../fixtures/orders';

const TABLE = fileURLToPath(new URL('../../../src/server/access/routes.rs', import.meta.url));

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

/** What one order takes, by the last part of the address. */
const CHANGES: Record<string, object> = {
    '': { rush: true },
    transitions: { to: 'accepted' },
    items: { status: 'doing' },
    stations: { stations: ['grill'], status: 'doing' },
    acknowledge: { of: 'allergens' },
    seen: { screen: 'grill' },
};

/** Every address that changes something, as the server has them, with one order in its path; but for the log-out. */
function changing(id: string): [method: string, path: string][] {
    const rows = readFileSync(TABLE, 'utf8').matchAll(/\b(?:api|page)\((POST|PUT|PATCH|DELETE), "([^"]+)"/g);
    return Array.from(rows, ([, method = '', path = '']): [string, string] => [
        method,
        path.replace('/orders/{id}', `/orders/${id}`).replace('{item}', '1').replace('{name}', 'grill'),
    ]).filter(([, path]) => path !== '/logout');
}

test('row 14: no request changes more than one order', async ({ server }) => {
    const placed = [await server.place(order()), await server.place(order()), await server.place(order())];
    const [one, ...others] = placed as [FoodOrder, ...FoodOrder[]];
    const ids = placed.map((it) => it.id);
    const wanted = changing(one.id);
    expect(wanted).toContainEqual(['POST', `/api/orders/${one.id}/transitions`]);
    expect(wanted.length).toBeGreaterThan(10);
    // Whatever several orders might be called.
    const several = [{}, { orders: ids }, { order_ids: ids }, { ids }, { id: ids }, { all: true }];
    for (const [method, path] of wanted) {
        const change = CHANGES[path.split('/')[4] ?? ''] ?? {};
        for (const also of several) {
            const { version } = await server.read(one.id);
            const answer = await fetch(new URL(path, server.url), {
                method,
                headers: { 'Content-Type': 'application/json' },
                body: JSON.stringify({ ...change, expected_version: version, ...also }),
                redirect: 'manual',
            });
            expect(answer.status, `${method} ${path}`).toBeLessThan(500);
        }
    }
    // The one was changed, or this would prove nothing.
    expect((await server.read(one.id)).version).toBeGreaterThan(1);
    for (const { id, version } of others) expect((await server.read(id)).version).toBe(version);
});
