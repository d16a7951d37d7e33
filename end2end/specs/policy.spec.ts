/** Every page, as everybody, keeps to what its own policy allows. */

import { writeFile } from 'node:fs/promises';

import type { BrowserContext, Page } from '@playwright/test';

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';
import type { Server } from '../fixtures/server';
import { stranger } from '../fixtures/stranger';

/** What a browser complains of on the pages of `context`, warnings too. */
async function watch(context: BrowserContext): Promise<string[]> {
    const seen: string[] = [];
    await context.exposeFunction('policyIsBroken', (what: string) => seen.push(what));
    await context.addInitScript(() => {
        addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile }) => {
            const { policyIsBroken } = window as unknown as { policyIsBroken: (what: string) => void };
            policyIsBroken(`policy: ${effectiveDirective} ${blockedURI} ${sourceFile}`);
        });
    });
    context.on('console', (message) => {
        const ours = !message.text().includes('blocked by Playwright');
        if (ours && ['error', 'warning'].includes(message.type())) seen.push(`${message.type()}: ${message.text()}`);
    });
    context.on('weberror', (error) => seen.push(`exception: ${error.error().message}`));
    return seen;
}

/** Opens `path` and waits until its scripts have had their turn. */
async function open(page: Page, path: string): Promise<number> {
    const answer = await page.goto(path);
    const board = (await page.locator('[data-page="board"]').count()) > 0;
    if (board) await expect(page.locator('#chip')).toHaveClass(/is-live/);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    return answer?.status() ?? 0;
}

/** Sends a form as the manager. */
async function send(server: Server, path: string, fields: Record<string, string>): Promise<string> {
    const answer = await fetch(new URL(path, server.url), { method: 'POST', body: new URLSearchParams(fields) });
    expect(answer.status).toBe(200);
    return answer.text();
}

async function filled(server: Server): Promise<{ tracking: string; id: string; hook: string }> {
    await server.keepScreen('grill', { role: 'prep', stations: ['grill'] });
    await server.keepScreen('pass', { role: 'expo', view: 'grid' });
    await send(server, '/access/users', { name: 'Mo', role: 'cook', password: 'correct horse battery' });
    await send(server, '/access/keys', { name: 'shop', scopes: 'stream' });
    await server.ask('POST', '/api/channel-secrets/partner');
    const hook = await server.ask<{ id: string }>('POST', '/api/webhooks', { url: 'https://receiver.example/' });
    const { body } = await server.ask<{ tracking_url: string; id: string }>('POST', '/api/orders', order());
    return { tracking: body.tracking_url, id: body.id, hook: `/access/webhooks/${hook.body.id}` };
}

test('every page of a manager loads what it needs and nothing else', async ({ context, page, server }) => {
    // Some forty pages.
    test.slow();
    const { tracking, id, hook } = await filled(server);
    const seen = await watch(context);
    for (const path of [
        '/',
        '/?view=grid',
        '/?station=grill',
        '/screens/grill',
        '/screens/pass',
        '/screens',
        '/screens/new',
        '/screens/new/legibility',
        '/screens/grill/edit',
        '/screens/grill/delete',
        '/orders/new',
        `/orders/new?placed=${id}`,
        '/account',
        '/access',
        '/access/users',
        '/access/users/new',
        '/access/users/1',
        '/access/users/1/disable',
        '/access/keys',
        '/access/keys/new',
        '/access/keys/1/revoke',
        '/access/screens',
        '/access/approve',
        '/access/approve?code=ABCD-EFGH',
        '/access/webhooks',
        '/access/webhooks/new',
        hook,
        `${hook}/edit`,
        `${hook}/delete`,
        '/access/secrets',
        '/access/secrets/new',
        '/access/secrets/partner/delete',
        '/access/audit',
        '/api/reference',
        '/login',
        tracking,
        `${tracking}/cancel`,
    ]) {
        expect(await open(page, path), path).toBe(200);
        expect(seen, path).toEqual([]);
    }
    // Forms work under it, and so does what comes back of them.
    await open(page, '/orders/new');
    await page.getByRole('combobox', { name: 'Item' }).fill('2 Soup');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('complementary', { name: 'Preview' })).toContainText('Soup');
    await page.goto('/access/keys/new');
    await page.getByLabel('Name').fill('kiosk');
    await page.getByLabel('orders:write').check();
    await page.getByRole('button', { name: 'Make the key' }).click();
    await expect(page.getByRole('status')).toBeVisible();
    expect(seen).toEqual([]);
});

test('so does every page of somebody who may not, and of nobody', async ({ browser, network, server, faults }) => {
    // What is refused is said on the console too.
    faults.allow(/Failed to load resource/);
    await filled(server);
    const context = await stranger(browser, network.url);
    const seen = await watch(context);
    const page = await context.newPage();
    const unless = (status: number) => seen.filter((it) => !it.includes(`the server responded with a status of ${status}`));
    for (const [path, status] of [
        ['/login', 200],
        ['/access', 200],
        ['/pair', 200],
        ['/setup?link=0', 410],
        ['/t/none', 404],
    ] as const) {
        seen.length = 0;
        expect(await open(page, path), path).toBe(status);
        expect(unless(status), path).toEqual([]);
    }
    seen.length = 0;
    await page.goto('/login');
    await page.getByLabel('Name').fill('Mo');
    await page.getByLabel('Password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect(page.locator('#chip')).toHaveClass(/is-live/);
    expect(seen).toEqual([]);
    for (const [path, status] of [
        ['/access', 403],
        ['/screens/new', 403],
        ['/account', 200],
        ['/screens', 200],
    ] as const) {
        seen.length = 0;
        expect(await open(page, path), path).toBe(status);
        expect(unless(status), path).toEqual([]);
    }
    await context.close();
});

test('a breach is seen by these tests, and the page is none the worse', async ({ context, page, faults }) => {
    faults.allow(/Content Security Policy/);
    const seen = await watch(context);
    await open(page, '/access');
    await page.evaluate(() => {
        const main = document.querySelector('main');
        main?.insertAdjacentHTML('beforeend', '<p id="styled" style="color:red">x</p>');
        main?.insertAdjacentHTML('beforeend', '<img src="https://evil.example/x.png" onerror="hacked=1" alt="">');
    });
    await expect.poll(() => seen.join()).toContain('policy: style-src');
    await expect.poll(() => seen.join()).toContain('policy: script-src');
    await expect.poll(() => seen.join()).toContain('policy: img-src');
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    await expect(page.locator('#styled')).not.toHaveCSS('color', 'rgb(255, 0, 0)');
});

test('no page stands in another one', async ({ page, network, faults, context }) => {
    faults.allow(/frame-ancestors/, /Framing/, /refused to connect/i, /chrome-error/);
    const file = test.info().outputPath('frames.html');
    const frames = ['/', '/login', '/access', '/t/none'].map((path) => `<iframe src="${network.url}${path}"></iframe>`);
    await writeFile(file, `<!DOCTYPE html><title>Frames</title>${frames.join('')}`);
    await context.clearCookies();
    await page.goto(`file://${file}`);
    for (const frame of page.frames().slice(1)) await expect.poll(() => frame.url()).toMatch(/^chrome-error:/);
});
