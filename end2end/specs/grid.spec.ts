/** The grid: what stands in it, in which order, and that nothing on a ticket is out of sight. */

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';

const DISHES = ['Cheeseburger', 'Pad thai', 'Spring rolls', 'Caesar salad', 'Margherita', 'Tiramisu'];

function tall(lines: number) {
    const items = Array.from({ length: lines }, (_, at) => ({
        name: DISHES[at % DISHES.length] ?? '',
        quantity: 2,
        station: 'grill',
        modifiers: [{ kind: 'no' as const, name: 'onion' }],
    }));
    return order({ items });
}

test('what rushes comes first, then what is due, each with the number of its slot', async ({ board, page, server }) => {
    const due = (minutes: number) => ({ fulfilment: { type: 'pickup' as const, due_at: Date.now() + minutes * 60_000 } });
    const late = await server.place(order(due(50)));
    const soon = await server.place(order(due(20)));
    const rush = await server.place(order({ ...due(90), rush: true }));
    await board.open('?view=grid');
    const headings = page.locator('#slots h3 .number');
    await expect(headings).toHaveText([rush, soon, late].map((it) => String(it.number)));
    expect(await page.locator('#slots > .ticket').evaluateAll((all) => all.map((it) => it.dataset.slot))).toEqual(['1', '2', '3']);
});

test('a tall ticket takes more slots, until all of its lines are in sight', async ({ board, page, server }) => {
    for (const lines of [1, 2, 3, 5, 8]) await server.place(tall(lines));
    await board.open('?view=grid');
    await expect(page.locator('#slots > [data-span="3"]').filter({ hasText: 'Tiramisu' })).toHaveCount(1);
    await expect
        .poll(() =>
            page.locator('#slots .details').evaluateAll((all) => all.filter((it) => it.scrollHeight > it.clientHeight + 2).length),
        )
        .toBe(0);
    await expect(page.locator('#slots > [data-span]').first()).toHaveAttribute('data-continued', 'continued');
});

test('each role has the tickets that it works on', async ({ board, page, server }) => {
    const fresh = await server.place(order());
    const ready = await server.move(await server.place(order()), 'accepted', 'preparing', 'ready');
    for (const [role, shown] of [
        ['prep', [fresh]],
        ['expo', [fresh, ready]],
        ['dispatch', [ready]],
    ] as const) {
        await fetch(new URL(`/api/screens/${role}`, server.url), {
            method: 'PUT',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ role, view: 'grid' }),
        });
        await page.goto(`/screens/${role}`);
        await board.isLive();
        await board.holdsExactly([...shown]);
    }
});

test('nothing moves while the page comes alive', async ({ board, page, server }) => {
    for (let at = 0; at < 30; at += 1) await server.place(order());
    await page.addInitScript(() => {
        (globalThis as unknown as { shift: number }).shift = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) {
                (globalThis as unknown as { shift: number }).shift += (entry as unknown as { value: number }).value;
            }
        }).observe({ type: 'layout-shift', buffered: true });
    });
    await board.open('?view=grid');
    await expect(page.locator('#slots > [data-slot="1"]')).toBeVisible();
    const shown = await board.clocks();
    await expect.poll(() => board.clocks()).not.toEqual(shown);
    expect(await page.evaluate(() => (globalThis as unknown as { shift: number }).shift)).toBeLessThan(0.02);
});

test.describe('without JavaScript', () => {
    test.use({ javaScriptEnabled: false });

    test('every ticket is there', async ({ page, server }) => {
        for (let at = 0; at < 30; at += 1) await server.place(order());
        await page.goto('/?view=grid');
        await expect(page.getByRole('article').filter({ visible: true })).toHaveCount(30);
    });
});
