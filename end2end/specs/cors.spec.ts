/** Pages of other origins, in a real browser: a listed one follows and orders, another gets nothing. */

import { type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { type Server as Listener, createServer } from 'node:http';

import type { BrowserContext, Page } from '@playwright/test';

import { expect, test as base } from '../fixtures';
import { order } from '../fixtures/orders';
import { Server } from '../fixtures/server';

/** What a page of another origin has at hand. */
interface Heard {
    heard: { event: string; id: string; number: number | undefined }[];
    errors: number;
}

/** Somebody else's page, and a server that lists its origin. */
interface Shop {
    /** The page of the origin that is listed, of the server's site. */
    listed: string;
    /** Another one of the same site. */
    unlisted: string;
    /** One that is listed, of another site. */
    abroad: string;
    /** The server, as those pages call it. */
    api: string;
    restaurant: Server;
}

async function serve(): Promise<Listener> {
    const listener = createServer((_, answer) => {
        answer.setHeader('Content-Type', 'text/html');
        answer.end('<!DOCTYPE html><title>Shop</title><link rel="icon" href="data:,"><h1>Shop</h1>');
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return listener;
}

const port = (listener: Listener) => (listener.address() as AddressInfo).port;

const test = base.extend<{ takeSockets: boolean; shop: Shop }>({
    takeSockets: [true, { option: true }],
    shop: async ({ takeSockets, context }, use) => {
        const [shop, other] = [await serve(), await serve()];
        const listed = `http://localhost:${port(shop)}`;
        const abroad = `http://127.0.0.1:${port(shop)}`;
        const restaurant = await Server.start({
            env: {
                LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000',
                LIVE_ORDERS_STREAM_TAKE_SOCKETS: `${takeSockets}`,
                LIVE_ORDERS_CORS_ORIGINS: `${listed}, ${abroad}`,
            },
        });
        const api = restaurant.url.replace('127.0.0.1', 'localhost');
        await letIn(context, restaurant);
        await use({ listed, unlisted: `http://localhost:${port(other)}`, abroad, api, restaurant });
        await restaurant.remove();
        for (const listener of [shop, other]) {
            listener.closeAllConnections();
            listener.close();
        }
    },
});

/** A browser in which a manager has logged in at the server. */
async function letIn(context: BrowserContext, restaurant: Server): Promise<void> {
    if (!restaurant.session) throw new Error('nobody was let in');
    const rest = { domain: 'localhost', path: '/', httpOnly: true, secure: false, sameSite: 'Lax' as const };
    await context.addCookies([{ ...restaurant.session, ...rest }]);
}

/** Has the page follow the stream as whoever is logged in. */
async function follow(page: Page, api: string): Promise<void> {
    await page.evaluate((address) => {
        const said: Heard = { heard: [], errors: 0 };
        Object.assign(window, { said });
        const source = new EventSource(address, { withCredentials: true });
        source.onerror = () => (said.errors += 1);
        for (const event of ['hello', 'snapshot', 'order.placed'])
            source.addEventListener(event, ({ data, lastEventId }) =>
                said.heard.push({ event, id: lastEventId, number: (JSON.parse(data) as { number?: number }).number }),
            );
    }, `${api}/live-orders`);
}

const said = (page: Page) => page.evaluate(() => (window as unknown as { said: Heard }).said);
const heard = async (page: Page, event: string) => (await said(page)).heard.filter((it) => it.event === event);

/** What the page gets for a request as whoever is logged in; nothing where the browser keeps it. */
function ask(page: Page, address: string, init: RequestInit = {}) {
    return page.evaluate(
        async ([address, init]) => {
            try {
                const answer = await fetch(address, { credentials: 'include', ...init });
                const headers = Object.fromEntries(answer.headers);
                return { status: answer.status, type: answer.type, headers, text: await answer.text() };
            } catch {
                return undefined;
            }
        },
        [address, init] as const,
    );
}

const json = (key: string): RequestInit => ({
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(order()),
});

for (const takeSockets of [true, false]) {
    test.describe(takeSockets ? 'over a socket of the server’s own' : 'over the HTTP library', () => {
        test.use({ takeSockets });

        test('a listed page follows, resumes and orders with a key', async ({ page, shop, faults }) => {
            // While the server is away.
            faults.allowLostConnections();
            await page.goto(shop.listed);
            await follow(page, shop.api);
            await expect.poll(() => heard(page, 'hello')).toHaveLength(1);

            const placed = await ask(page, `${shop.api}/api/orders`, json('k-1'));
            expect(placed?.status).toBe(201);
            const first = JSON.parse(placed?.text ?? '') as { id: string; number: number };
            expect(placed?.headers.location).toBe(`/api/orders/${first.id}`);
            const again = await ask(page, `${shop.api}/api/orders`, json('k-1'));
            expect(again?.headers['idempotency-replayed']).toBe('true');
            const problem = await ask(page, `${shop.api}/api/orders/none`);
            expect(problem?.status).toBe(404);
            await expect.poll(() => heard(page, 'order.placed')).toHaveLength(1);

            await shop.restaurant.kill();
            await shop.restaurant.restart();
            const second = await shop.restaurant.place(order());
            await expect.poll(() => heard(page, 'hello')).toHaveLength(2);
            await expect.poll(() => heard(page, 'order.placed')).toHaveLength(2);
            expect((await heard(page, 'order.placed')).map((it) => it.number)).toEqual([first.number, second.number]);
            expect(await heard(page, 'snapshot')).toEqual([]);
        });
    });
}

test('a page that is not listed gets nothing and changes nothing', async ({ page, shop, faults }) => {
    faults.allow(/CORS policy/, /Failed to load resource/);
    await page.goto(shop.unlisted);
    await shop.restaurant.place(order());
    await follow(page, shop.api);
    await expect.poll(async () => (await said(page)).errors).toBeGreaterThan(0);
    for (const path of ['/api/orders', '/api/orders/none', '/api/events', '/', '/access'])
        expect(await ask(page, shop.api + path), path).toBeUndefined();
    expect(await ask(page, `${shop.api}/api/orders`, json('k-1'))).toBeUndefined();
    // What a browser sends without asking first.
    const body = JSON.stringify(order());
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
        const sent = { method: 'POST', mode: 'no-cors' as const, headers: { 'Content-Type': type }, body };
        expect(await ask(page, `${shop.api}/api/orders`, sent), type).toBeUndefined();
    }
    expect((await said(page)).heard).toEqual([]);
    expect(await shop.restaurant.open()).toHaveLength(1);
});

test('a listed page sends no form and reads no page', async ({ page, shop, faults }) => {
    faults.allow(/CORS policy/, /Failed to load resource/);
    await page.goto(shop.listed);
    for (const path of ['/', '/access', '/orders/new', '/login'])
        expect(await ask(page, shop.api + path), path).toBeUndefined();
    const form = (fields: Record<string, string>) => ({
        method: 'POST',
        mode: 'no-cors' as const,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(fields).toString(),
    });
    await ask(page, `${shop.api}/orders/new`, form({ do: 'place', line: '1 Soup', service: 'pickup' }));
    await ask(page, `${shop.api}/access/keys`, form({ name: 'evil', scopes: 'stream' }));
    await ask(page, `${shop.api}/logout`, form({}));
    expect(await shop.restaurant.open()).toEqual([]);
    const access = await fetch(new URL('/access', shop.restaurant.url));
    expect(access.status).toBe(200);
    expect(await access.text()).not.toContain('evil');
});

test('a listed page of another site is nobody, and is told so', async ({ page, shop, faults }) => {
    faults.allow(/Failed to load resource/);
    await page.goto(shop.abroad);
    const answer = await ask(page, `${shop.api}/api/orders`, json('k-1'));
    expect(answer?.status).toBe(401);
    expect(await shop.restaurant.open()).toEqual([]);
});
