/** The routes are read from where the server has them, so that a new one is tried too. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';
import type { Server } from '../../fixtures/server';

const ROUTES = fileURLToPath(new URL('../../../src/server/access/routes.rs', import.meta.url));

/** Every address of the service, with what stands for an order and its kin. */
function addresses(id: string): string[] {
    const rows = readFileSync(ROUTES, 'utf8').matchAll(/^ {8}(?:api|page)\([A-Z]+, "([^"]+)"/gm);
    const routes = [...new Set(Array.from(rows, ([, path]) => path ?? ''))];
    return routes.map((path) => path.replace('{id}', id).replace('{item}', '1').replace('{name}', 'grill'));
}

/** Everything that a request could have changed. */
async function everything(server: Server): Promise<unknown> {
    const { body: events } = await server.ask('GET', '/api/events?after=earliest&limit=1000');
    const { body: screens } = await server.ask('GET', '/api/screens');
    const { body: intake } = await server.ask('GET', '/api/intake');
    const orders = (await server.open()).map(({ id }) => server.ask('GET', `/api/orders/${id}`));
    return { events, screens, intake, orders: (await Promise.all(orders)).map(({ body }) => body) };
}

test('row 21: no GET changes anything, whatever its parameters say', async ({ server }) => {
    await server.keepScreen('grill', { stations: ['grill'] });
    const placed = await server.place(order());
    const before = await everything(server);
    const paths = addresses(placed.id);
    expect(paths.length).toBeGreaterThan(20);
    expect(paths).toContain(`/api/orders/${placed.id}/transitions`);
    const wishes = '?to=accepted&expected_version=1&status=done&of=change&state=paused&minutes=5&name=other';
    for (const path of paths) {
        for (const query of ['', wishes]) {
            const stop = new AbortController();
            const answer = await fetch(new URL(path + query, server.url), { signal: stop.signal, redirect: 'manual' });
            expect(answer.status, path + query).not.toBe(500);
            // One of them is the stream, which does not end by itself.
            stop.abort();
        }
    }
    expect(await everything(server)).toEqual(before);
});

test('row 21: what changes something takes no GET, and says what it takes', async ({ server }) => {
    const placed = await server.place(order());
    for (const way of ['transitions', 'stations', 'fire', 'acknowledge', 'seen', 'items/1']) {
        const answer = await server.ask('GET', `/api/orders/${placed.id}/${way}`);
        expect(answer.status, way).toBe(405);
        expect(answer.headers.get('allow'), way).toMatch(/^(POST|PATCH)$/);
    }
});

test('row 21: neither the back button nor a link that is followed again bumps or deletes', async ({
    board,
    page,
    server,
}) => {
    await server.keepScreen('grill', { stations: ['grill'], view: 'columns' });
    const placed = await server.place(order());
    await page.goto('/screens/grill/delete');
    await page.goto('/screens/grill');
    await board.isLive();
    await board.ticket(placed).bump();
    await expect.poll(async () => (await server.read(placed.id)).version).toBe(2);
    await page.goBack();
    await page.goForward();
    await board.isLive();
    await page.reload();
    await board.isLive();
    // Every link of the page, as a browser fetches it that wants to be quick.
    const links = await page.locator('a[href]').evaluateAll((all) => all.map((it) => (it as HTMLAnchorElement).href));
    for (const link of links) await page.request.get(link, { headers: { 'Sec-Purpose': 'prefetch' } });
    expect((await server.read(placed.id)).version).toBe(2);
    expect((await server.ask('GET', '/api/screens/grill')).status).toBe(200);
});
