/** The lines of JavaScript in the README do what it says of them, as they stand there. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';

const README = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
const SCRIPT = /```js\n([\s\S]*?)```/.exec(README)?.[1] ?? '';

// The page is any, and has no policy that lets these lines run.
test.use({ bypassCSP: true });

test('ten lines follow the open orders, through a lost connection too', async ({ page, server, network, faults }) => {
    faults.allowLostConnections();
    expect(SCRIPT.trim().split('\n')).toHaveLength(10);
    const first = await server.place(order());
    // A page of the server's that has no script and no policy of its own.
    await page.goto('/health/live');
    await page.addScriptTag({ content: `${SCRIPT}\nwindow.orders = orders;` });
    const kept = () =>
        page.evaluate(() => {
            const { orders } = window as unknown as { orders: Map<string, { id: string; status: string }> };
            return [...orders.values()].map(({ id, status }) => [id, status].join(' ')).sort();
        });
    const are = (...orders: { id: string; status: string }[]) =>
        expect.poll(kept, { timeout: 20_000 }).toEqual(orders.map(({ id, status }) => [id, status].join(' ')).sort());
    await are(first);
    const second = await server.place(order());
    const accepted = await server.move(first, 'accepted');
    await are(accepted, second);

    await network.cut();
    const third = await server.place(order());
    const preparing = await server.move(accepted, 'preparing');
    const cancelled = await server.cancel(second, 'Customer called');
    await network.restore();
    await are(preparing, third);
    expect(cancelled.status).toBe('cancelled');
    const completed = await server.move(preparing, 'ready', 'completed');
    expect(completed.status).toBe('completed');
    await are(third);
});
