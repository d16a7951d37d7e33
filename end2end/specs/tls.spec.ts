/**
 * HTTPS with the server's own certificate, as a restaurant's network has it: a
 * browser that trusts the authority gets HTTP/2 and all that needs a secure context.
 */

import { X509Certificate, createHash } from 'node:crypto';

import type { Browser, LaunchOptions } from '@playwright/test';

import { Board } from '../board';
import { expect, test } from '../fixtures';
import type { Server } from '../fixtures/server';
import { order } from '../fixtures/orders';

const TABS = 30;

test.use({
    serverOptions: { args: ['--tls', 'self-signed'], env: { LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000' } },
});
test.setTimeout(300_000);

/** What the server answers to plain HTTP on the same port. */
function plain(server: Server, path: string): Promise<Response> {
    return fetch(new URL(path, server.url.replace('https:', 'http:')), { redirect: 'manual' });
}

/** How a browser is started that trusts the server's authority, and nothing else that others do not. */
async function trusting(server: Server, options: LaunchOptions): Promise<LaunchOptions> {
    const pem = await (await plain(server, '/trust/ca.crt')).text();
    const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
    const hash = createHash('sha256').update(key).digest('base64');
    return { ...options, args: [...(options.args ?? []), `--ignore-certificate-errors-spki-list=${hash}`] };
}

test.describe('a browser that trusts the authority', () => {
    let browser: Browser | undefined;
    test.afterEach(async () => browser?.close());

    test(`has ${TABS} boards live over HTTP/2, each with a stream of its own`, async ({ server, playwright, launchOptions, storageState }) => {
        browser = await playwright.chromium.launch(await trusting(server, launchOptions));
        const context = await browser.newContext({ baseURL: server.url, storageState, serviceWorkers: 'block' });
        // Without locks tabs cannot share a stream.
        await context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }));
        let streams = 0;
        context.on('request', (request) => (streams += new URL(request.url()).pathname === '/live-orders' ? 1 : 0));
        const boards: Board[] = [];
        for (let count = 0; count < TABS; count += 1) {
            const board = new Board(await context.newPage());
            await board.page.goto('/');
            boards.push(board);
        }
        for (const board of boards) await expect(board.page.getByText('Live', { exact: true })).toBeVisible({ timeout: 60_000 });
        expect(streams).toBeGreaterThanOrEqual(TABS);
        const protocols = await Promise.all(
            boards.map((board) =>
                board.page.evaluate(
                    () => (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming).nextHopProtocol,
                ),
            ),
        );
        expect(new Set(protocols)).toEqual(new Set(['h2']));
        const placed = await context.request.post('/api/orders', { data: order(), ignoreHTTPSErrors: true });
        expect(placed.status()).toBe(201);
        const { number } = (await placed.json()) as { number: number };
        for (const board of boards) await expect(board.ticketIn({ number }, 'New')).toHaveCount(1, { timeout: 60_000 });
        await context.close();
    });

    test('keeps the board for when there is no server, and may keep the screen awake', async ({ server, playwright, launchOptions, storageState }) => {
        browser = await playwright.chromium.launch(await trusting(server, launchOptions));
        const context = await browser.newContext({ baseURL: server.url, storageState, serviceWorkers: 'allow' });
        const page = await context.newPage();
        await page.goto('/');
        expect(await page.evaluate(() => [isSecureContext, 'wakeLock' in navigator, 'locks' in navigator])).toEqual([
            true,
            true,
            true,
        ]);
        const scope = page.evaluate(async () => (await navigator.serviceWorker.ready).active?.scriptURL);
        expect(await scope).toBe(`${server.url}/worker.js`);
        await context.close();
    });
});

test('a browser that does not trust it yet is told how to, over plain HTTP', async ({ server, page }) => {
    await page.goto(server.url.replace('https:', 'http:') + '/trust');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Trust this server');
    await expect(page.getByRole('img', { name: 'QR code' })).toBeVisible();
    const said = await server.says(/^ {2}([\dA-F]{2}:){31}[\dA-F]{2}$/, 5_000);
    await expect(page.locator('.fingerprint')).toHaveText(said.trim());
    await page.getByText('Windows', { exact: true }).click();
    await expect(page.getByText('certutil -addstore -f Root ca.crt')).toBeVisible();
    const certificate = await plain(server, '/trust/ca.crt');
    expect(certificate.headers.get('content-type')).toBe('application/x-x509-ca-cert');
    const elsewhere = await plain(server, '/screens');
    expect(elsewhere.headers.get('location')).toBe(`${server.url}/screens`);
});
