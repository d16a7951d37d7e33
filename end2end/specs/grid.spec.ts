/** The grid: what stands in it, in which order, and that nothing on a ticket is out of sight. */

import type { Page } from '@playwright/test';

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
    const late = await server.place(order(due(20)));
    const soon = await server.place(order(due(10)));
    const rush = await server.place(order({ ...due(25), rush: true }));
    await board.open('?view=grid');
    const headings = page.locator('#slots h3 .number');
    await expect(headings).toHaveText([rush, soon, late].map((it) => String(it.number)));
    // They are numbered when it is known what has room.
    const slots = () => page.locator('#slots > .ticket').evaluateAll((all) => all.map((it) => it.dataset.slot));
    await expect.poll(slots).toEqual(['1', '2', '3']);
});

/** Where every ticket of the page stands, and what of it is out of sight. */
function seats(page: Page) {
    return page.locator('#slots').evaluate((list) =>
        Array.from(list.children, (ticket) => {
            const { left, top, right, bottom } = ticket.getBoundingClientRect();
            const details = ticket.querySelector('.details');
            return {
                slot: Number((ticket as HTMLElement).dataset.slot),
                left: Math.round(left),
                top: Math.round(top),
                right: Math.round(right),
                bottom: Math.round(bottom),
                hides: details !== null && details.scrollHeight > details.clientHeight + 2,
            };
        }),
    );
}

for (const [width, height] of [[1280, 800], [1366, 768], [1920, 1080]] as const) {
    test(`at ${width} × ${height} every line is in sight, below each other and without a hole`, async ({ board, page, server }) => {
        await page.setViewportSize({ width, height });
        for (const lines of [1, 2, 1, 3, 1, 5, 2, 1, 8, 1, 2, 12, 1, 1, 3, 1]) await server.place(tall(lines));
        await board.open('?view=grid');
        await expect(page.locator('#slots > [data-slot]').nth(3)).toBeVisible();
        await expect.poll(async () => (await seats(page)).filter(({ hides }) => hides)).toEqual([]);
        const all = await seats(page);
        expect(all.map(({ slot }) => slot)).toEqual(all.map((_, at) => at + 1));
        const list = await page.locator('#slots').boundingBox();
        if (!list) throw new Error('no list');
        for (const [at, one] of all.entries()) {
            expect(one.bottom).toBeLessThanOrEqual(list.y + list.height + 1);
            for (const other of all.slice(0, at)) {
                expect(other.right <= one.left || one.right <= other.left || other.bottom <= one.top || one.bottom <= other.top).toBe(true);
            }
            // It stands at the top, or right below the ones above.
            const above = all.filter((other) => other !== one && other.bottom <= one.top && other.left < one.right && one.left < other.right);
            const gap = one.top - Math.max(...above.map(({ bottom }) => bottom));
            expect(above.length === 0 ? one.top - list.y : gap).toBeLessThan(24);
        }
        // No column is left free between two of them.
        const lefts = [...new Set(all.map(({ left }) => left))].sort((a, b) => a - b);
        for (const [at, left] of lefts.entries()) {
            if (at > 0) expect(all.some(({ left: begins, right }) => begins < left && left - right < 24)).toBe(true);
        }
    });
}

test('a ticket says where it goes on, and nowhere else', async ({ board, page, server }) => {
    await page.setViewportSize({ width: 1280, height: 800 });
    const long = await server.place(tall(12));
    const short = await server.place(tall(2));
    // One line is not broken, however long it is.
    const modifiers = Array.from({ length: 20 }, (_, at) => ({ kind: 'add' as const, name: `topping ${at}` }));
    const one = await server.place(order({ items: [{ name: 'Pizza', quantity: 1, station: 'oven', modifiers }] }));
    await board.open('?view=grid');
    const marks = (order: { number: number }) => board.ticket(order).root.locator('[data-continued]');
    await expect(marks(long).first()).toHaveAttribute('data-continued', 'continued');
    await expect(marks(short)).toHaveCount(0);
    // As many marks as the lines have columns, but for the first one.
    const columns = await board
        .ticket(long)
        .root.locator('.items > li')
        .evaluateAll((lines) => new Set(lines.map((line) => Math.round(line.getBoundingClientRect().left))).size);
    expect(columns).toBeGreaterThan(1);
    await expect(marks(long)).toHaveCount(columns - 1);
    await expect(board.ticket(one).root).toBeVisible();
    await expect(marks(one)).toHaveCount(0);
});

test('a ticket keeps its slot while others come, and when it is ticked', async ({ board, page, server }) => {
    const first = await server.move(await server.place(tall(2)), 'accepted', 'preparing');
    const second = await server.place(tall(3));
    await board.open('?view=grid');
    const place = () => board.ticket(second).root.boundingBox();
    await expect(page.locator('#slots > [data-slot="2"]')).toBeVisible();
    await expect.poll(async () => (await seats(page)).filter(({ hides }) => hides)).toEqual([]);
    const before = await place();
    await server.tick(first, 1, 'done');
    const last = await server.place(tall(1));
    await expect(board.ticket(first).item('Cheeseburger')).toHaveAttribute('aria-pressed', 'true');
    await expect(page.locator('#slots > [data-slot="3"]').getByRole('heading', { name: new RegExp(`\\b${last.number}\\b`) })).toBeVisible();
    expect(await place()).toEqual(before);
});

test('on a phone tickets stand as they come, and the page scrolls', async ({ board, page, server }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const lines of [1, 8, 2]) await server.place(tall(lines));
    await board.open('?view=grid');
    await expect(page.locator('#slots > [data-slot="3"]')).toBeAttached();
    expect((await seats(page)).filter(({ hides }) => hides)).toEqual([]);
    await expect(page.locator('#slots [data-continued]')).toHaveCount(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
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
