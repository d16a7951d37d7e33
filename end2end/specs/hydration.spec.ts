/** The page comes alive without errors, without moving, and without asking for anything twice. */

import { expect, test } from '../fixtures';
import { fullOrder, order } from '../fixtures/orders';
import { OPEN_ORDERS, fill } from '../measure/kitchen';

/** Adds up every shift of the layout from the first paint on. */
function watchShifts(): void {
    const seen = window as unknown as { layoutShift: number };
    seen.layoutShift = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
            seen.layoutShift += (entry as unknown as { value: number }).value;
        }
    }).observe({ type: 'layout-shift', buffered: true });
}

for (const [screen, viewport] of [
    ['a wall screen', { width: 1920, height: 1080 }],
    ['a phone', { width: 390, height: 844 }],
] as const) {
    test.describe(screen, () => {
        test.use({
            viewport,
            // Filling it takes its time: the strip for what nobody has seen is another test's.
            serverOptions: { env: { LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000', LIVE_ORDERS_KITCHEN_UNSEEN_AFTER_S: '3600' } },
        });

        for (const orders of [12, OPEN_ORDERS]) test(`nothing moves while a page with ${orders} orders comes alive`, async ({ board, server }) => {
            if (orders === OPEN_ORDERS) await fill(server);
            else for (let count = 0; count < orders; count += 1) await server.place(count % 2 ? order() : fullOrder());
            await board.page.addInitScript(watchShifts);
            await board.open();
            // The clocks' first ticks after hydration are the last chance to move anything.
            for (const _ of ['first', 'second']) {
                const shown = await board.clocks();
                await expect.poll(() => board.clocks()).not.toEqual(shown);
            }
            const shift = await board.page.evaluate(() => (window as unknown as { layoutShift: number }).layoutShift);
            expect(shift).toBeLessThan(0.001);
        });
    });
}

test('the tickets that were served are the ones that come alive', async ({ board, server }) => {
    const placed = await server.place(fullOrder());
    // The element is marked before any script of the page has run: one that was
    // thrown away and made again would have lost the mark.
    await board.page.addInitScript(() => {
        document.addEventListener('DOMContentLoaded', () => {
            for (const ticket of document.querySelectorAll('article')) {
                (ticket as unknown as { served: boolean }).served = true;
            }
        });
    });
    await board.open();
    const served = await board
        .ticket(placed)
        .root.evaluate((ticket) => (ticket as unknown as { served?: boolean }).served);
    expect(served).toBe(true);

    // Alive means that it answers.
    await server.move(placed, 'accepted', 'preparing');
    await board.has(placed, 'Preparing');
});

test('the page asks for no orders, only for what happens next', async ({ board, server }) => {
    await server.place(order());
    const asked: string[] = [];
    board.page.on('request', (request) => {
        // What it tells the server is another matter.
        if (request.method() === 'GET') asked.push(new URL(request.url()).pathname);
    });
    await board.open();

    expect(asked.filter((path) => path.startsWith('/api/'))).toEqual([]);
    expect(asked.filter((path) => path === '/live-orders')).toHaveLength(1);
    expect(asked.filter((path) => path === '/')).toHaveLength(1);
});
