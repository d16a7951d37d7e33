/** The ways in, in a browser: the log-in, the pairing of a screen, and what it shows when it is let in no longer. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures';
import { Board } from '../board';
import { complaints, complaintsOfColour } from '../fixtures/axe';
import { order } from '../fixtures/orders';
import { holdReload } from '../fixtures/reload';
import { stranger } from '../fixtures/stranger';

/** What the browser says of a form that comes back with what is wrong in it. */
const REFUSED = /status of 422/;

test('somebody who is not known logs in, and gets where they wanted to go', async ({ browser, network }) => {
    const context = await stranger(browser, network.url);
    const page = await context.newPage();
    await page.goto('/?view=grid');
    await expect(page).toHaveURL(/\/login\?next=/);
    expect(await complaints(page)).toEqual([]);
    await page.getByLabel('Name').fill('api');
    await page.getByLabel('Password').fill('wrong horse battery');
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect(page.getByRole('alert')).toContainText('do not go together');
    await page.getByLabel('Password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect(page).toHaveURL(/\/\?view=grid$/);
    await expect(page.locator('[data-page="board"]')).toBeVisible();
    const [session] = await context.cookies();
    expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });
    await context.close();
});

test('a screen is paired by its code, and shows a new one over its last board when it is let in no longer', async ({
    browser,
    network,
    page,
    server,
    faults,
}) => {
    // It waits for several pages that load themselves anew, and axe looks at five.
    test.slow();
    // What the browser says of a refused stream.
    faults.allow(/401/, /Failed to load resource/);
    await server.keepScreen('grill', { view: 'columns' });
    const placed = await server.place(order());
    const context = await stranger(browser, network.url);
    const device = await context.newPage();
    const goOn = await holdReload(device, '/pair');
    await device.goto('/pair');
    const code = (await device.locator('.code').textContent()) ?? '';
    expect(code).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/);
    await expect(device.getByRole('img', { name: 'The code as a picture' })).toBeVisible();
    expect(await complaints(device)).toEqual([]);
    goOn();

    await page.goto('/access/screens');
    await expect(page.getByRole('heading', { name: code })).toBeVisible();
    expect(await complaints(page)).toEqual([]);
    await page.getByRole('link', { name: 'Pair a screen' }).click();
    await page.getByLabel('Code').fill(code.toLowerCase());
    await page.getByLabel('It shows').selectOption('grill');
    expect(await complaints(page)).toEqual([]);
    await page.getByRole('button', { name: 'Let it in' }).click();
    await expect(page.getByRole('status')).toContainText('The screen is let in');

    await expect(device).toHaveURL(/\/screens\/grill$/, { timeout: 30_000 });
    const board = new Board(device);
    await board.isLive();
    await expect(board.ticket(placed).root).toBeVisible();

    await page.getByRole('button', { name: 'Let in no longer grill' }).click();
    await expect(page.getByRole('status')).toContainText('let in no longer');
    expect(await complaints(page)).toEqual([]);
    // Over what it knew last, which says that it is not live.
    await expect(device.locator('.locked-out .code')).toBeVisible({ timeout: 30_000 });
    await expect(board.ticket(placed).root).toBeVisible();
    await expect(device.getByText('Live', { exact: true })).toBeHidden();
    const again = (await device.locator('.locked-out .code').textContent()) ?? '';
    expect(again).not.toBe(code);

    // The same device comes in again without anybody touching it.
    await page.goto(`/access/approve?code=${again}`);
    await page.getByLabel('It shows').selectOption('grill');
    await page.getByRole('button', { name: 'Let it in' }).click();
    await expect(device.locator('.locked-out .code')).toBeHidden({ timeout: 30_000 });
    await board.isLive();
    await context.close();
});

/** What a page says once, and where it can be copied from. */
async function secretOn(page: Page, pattern: RegExp): Promise<string> {
    const secret = await page.getByLabel('Copy it now').inputValue();
    expect(secret).toMatch(pattern);
    const address = page.url();
    await page.goto(address);
    expect(await page.content(), 'shown once').not.toContain(secret);
    return secret;
}

test('a manager makes a key, which is shown once', async ({ page, server, faults }) => {
    faults.allow(REFUSED);
    await page.goto('/access/keys');
    expect(await complaints(page)).toEqual([]);
    await page.getByRole('link', { name: 'New key' }).click();
    await page.getByLabel('Name').fill('shop');
    await page.getByLabel('Channel', { exact: true }).fill('web');
    await page.getByRole('button', { name: 'Make the key' }).click();
    await expect(page.locator('#scopes-wrong')).toContainText('one or more');
    await expect(page.getByLabel('Name'), 'what was typed is kept').toHaveValue('shop');
    expect(await complaints(page)).toEqual([]);
    await page.getByLabel('orders:write').check();
    await page.getByRole('button', { name: 'Make the key' }).click();
    await expect(page.getByLabel('Copy it now')).toBeVisible();
    expect(await complaints(page)).toEqual([]);
    const key = await secretOn(page, /^lo_[0-9a-f]{64}$/);
    const send = (path: string, init: RequestInit) =>
        fetch(new URL(path, server.url), { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });
    const body = JSON.stringify(order());
    const placed = await send('/api/orders', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(placed.status).toBe(201);
    expect((await send('/api/orders', {})).status).toBe(403);
    await page.getByRole('link', { name: 'Take back shop' }).click();
    await page.getByRole('button', { name: 'Take it back' }).click();
    await expect(page.getByText('1 key taken back')).toBeVisible();
    expect((await send('/api/orders', {})).status).toBe(401);
});

test('whoever is logged in sees it on the board, and gets from there to the back office and out', async ({
    page,
    board,
    faults,
}) => {
    faults.allow(REFUSED);
    await board.open();
    await page.getByRole('link', { name: 'api', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'You are api' })).toBeVisible();
    expect(await complaints(page)).toEqual([]);
    await page.getByLabel('Present password').fill('wrong horse battery');
    await page.getByLabel('New password').fill('another horse battery');
    await page.getByRole('button', { name: 'Change the password' }).click();
    await expect(page.locator('#password-wrong')).toContainText('is another');
    await page.getByRole('link', { name: 'Manage' }).click();
    await expect(page.getByRole('heading', { name: 'Users' })).toBeVisible();
    await page.goto('/screens');
    await page.getByRole('link', { name: 'Manage' }).click();
    await page.getByRole('link', { name: 'api' }).first().click();
    await page.goto('/account');
    await page.getByRole('button', { name: 'Log out' }).click();
    await expect(page).toHaveURL(/\/login/);
});

test.describe('without a script', () => {
    test.use({
        javaScriptEnabled: false,
        serverOptions: { env: { LIVE_ORDERS_WEBHOOKS_ALLOW_HOSTS: '127.0.0.1' } },
    });

    test('a manager goes through the whole back office', async ({ page, server, faults }) => {
        // Some forty pages.
        test.slow();
        faults.allow(REFUSED);
        const receiver = createServer((request, response) => {
            request.resume();
            response.writeHead(204).end();
        });
        receiver.listen(0, '127.0.0.1');
        await once(receiver, 'listening');
        const { port } = receiver.address() as AddressInfo;
        const press = (name: string) => page.getByRole('button', { name }).click();
        const follow = (name: string) => page.getByRole('link', { name, exact: true }).click();
        const says = (text: string) => expect(page.getByRole('status')).toContainText(text);

        // Users.
        await page.goto('/access');
        await follow('New user');
        await page.getByLabel('Name').fill('Bo');
        await page.getByLabel('Locations').fill('x'.repeat(41));
        await page.getByLabel('Password').fill('correct horse battery');
        await press('Make the user');
        await expect(page.locator('#locations-wrong')).toBeVisible();
        await page.getByLabel('Locations').fill('main, airport');
        await page.getByLabel('Password').fill('correct horse battery');
        await press('Make the user');
        await says('Bo can log in');
        await follow('Bo');
        await page.getByLabel(/^Expo/).check();
        await press('Save');
        await says('Saved');
        await page.getByLabel('New password').fill('another horse battery');
        await press('Set the password');
        await says('The password is set');
        await follow('Let in no longer');
        await press('Let in no longer');
        await says('let in no longer');
        await press('Let in again');
        await says('let in again');

        // Webhooks.
        await follow('Webhooks');
        await expect(page.getByRole('heading', { name: 'No webhook yet' })).toBeVisible();
        await follow('New webhook');
        await page.getByLabel('Address').fill('http://example.com/hook');
        await page.getByLabel('What it is for').fill('Loyalty');
        await press('Make the webhook');
        await expect(page.locator('#url-wrong')).toBeVisible();
        await expect(page.getByLabel('What it is for')).toHaveValue('Loyalty');
        await page.getByLabel('Address').fill(`http://127.0.0.1:${port}/hook`);
        await page.getByLabel('order.placed').check();
        await press('Make the webhook');
        const secret = await secretOn(page, /^whsec_/);
        await server.place(order());
        await expect(async () => {
            await page.reload();
            // Without a script it stays as it was served.
            const delivery = page.getByRole('listitem').filter({ hasText: 'order.placed' });
            await expect(delivery).toContainText('Accepted', { timeout: 1_000 });
        }).toPass();
        await press('Send a test');
        await says('the receiver answered 204');
        await page.getByRole('button', { name: /^Send again .+-1$/ }).click();
        await says('It is sent again');
        await page.locator('#time').fill('2020-01-01T00:00');
        await page.locator('form').filter({ has: page.locator('#time') }).getByRole('button').click();
        await says('It is sent again');
        await press('Pause');
        await says('paused');
        await expect(page.getByText('somebody switched it off')).toBeVisible();
        await press('Switch on');
        await says('It is on');
        await press('Make a new secret');
        expect(await secretOn(page, /^whsec_/)).not.toBe(secret);
        await expect(page.getByText('The one before is good until')).toBeVisible();
        await follow('Change');
        await page.getByLabel('order.ready').check();
        await press('Save');
        await says('Saved');

        // Channel secrets.
        await follow('Channel secrets');
        await follow('New secret');
        await page.getByLabel('Channel', { exact: true }).fill('partner');
        await press('Give the secret');
        await secretOn(page, /^whsec_/);
        await follow('Delete partner');
        await press('Delete');
        await says('The secret is deleted');

        await follow('Webhooks');
        await follow('Loyalty');
        await follow('Delete');
        await press('Delete');
        await says('The webhook is deleted');

        // Who did it.
        await follow('Audit');
        await expect(page.getByRole('listitem').filter({ hasText: 'api made the user Bo' })).toContainText('127.0.0.1');
        await page.getByLabel('About').selectOption('Webhooks');
        await press('Show');
        await expect(page.getByRole('listitem').filter({ hasText: 'deleted the webhook' })).toBeVisible();
        await expect(page.getByText('made the user')).toBeHidden();
        expect(await page.content()).not.toContain('whsec_');
        receiver.close();
    });
});

test('every page of the back office can be used by everybody, in both themes and on a phone', async ({
    page,
    server,
}) => {
    test.slow();
    await server.ask('POST', '/api/webhooks', {
        url: `https://receiver.example/${'a-very-long-path/'.repeat(12)}`,
        description: 'A receiver whose name is as long as a name may be, and then somewhat longer than anybody likes',
        filter: { types: ['order.ready', 'order.completed'], location: ['main'] },
    });
    await server.ask('POST', '/api/channel-secrets/partner');
    const { webhooks } = (await server.ask<{ webhooks: { id: string }[] }>('GET', '/api/webhooks')).body;
    const hook = `webhooks/${webhooks[0]?.id}`;
    const parts = ['users', 'users/new', 'users/1', 'users/1/disable', 'keys', 'keys/new', 'screens', 'approve'];
    parts.push('webhooks', 'webhooks/new', hook, `${hook}/edit`, `${hook}/delete`, 'secrets', 'secrets/new', 'audit');
    for (const part of parts) {
        await page.goto(`/access/${part}`);
        expect(await complaints(page), part).toEqual([]);
        await page.emulateMedia({ colorScheme: 'light' });
        expect(await complaintsOfColour(page), part).toEqual([]);
        await page.setViewportSize({ width: 390, height: 844 });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(over, `${part} is no wider than a phone`).toBeLessThanOrEqual(0);
        await page.emulateMedia({ colorScheme: 'dark' });
        await page.setViewportSize({ width: 1600, height: 900 });
    }
});

test.describe('in a demo', () => {
    test.use({ serverOptions: { command: 'demo' } });

    test('nobody logs in, and the back office says so', async ({ page, board, faults }) => {
        faults.allow(/403/);
        await board.open();
        await expect(page.locator('a[href="/account"]')).toHaveCount(0);
        await page.goto('/screens');
        await expect(page.getByRole('link', { name: 'Manage' })).toHaveCount(0);
        await page.goto('/access');
        await expect(page.getByRole('heading', { name: 'Nobody logs in here' })).toBeVisible();
        expect(await complaints(page)).toEqual([]);
    });
});
