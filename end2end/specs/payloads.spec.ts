/**
 * What people write who mean no good, wherever it shows besides the tickets of the board (text.spec.ts): it
 * stands there as it was written, and nothing of it runs.
 */

import type { BrowserContext, Page } from '@playwright/test';

import { expect, test } from '../fixtures';
import type { NewOrder } from '../fixtures/orders';
import type { Server } from '../fixtures/server';

/** Runs by itself where it is taken for markup. A label has 40 characters, and no comma. */
const mark = (field: string) => `"'><img src=x onerror=hacked=1>${field}`.slice(0, 40);
/** The same, which turns what stands beside it around, and would end its line. */
const turned = (field: string) => `\u202e${field}\u2066\u2028data: x`;

const OTHERS = ['__proto__', 'constructor', "'; DROP TABLE orders; --", '{{7*7}}${7*7}', 'javascript:hacked=1'];

function orderOf(text: (field: string) => string): NewOrder {
    return {
        source: { channel: text('chan') },
        fulfilment: { type: 'delivery', address: text('addr'), instructions: text('instr') },
        customer: { name: text('name'), phone: text('phone') },
        items: [
            {
                name: text('item'),
                quantity: 1,
                station: text('stat'),
                allergens: [text('nut')],
                modifiers: [{ kind: 'add', name: text('mod') }],
                note: text('note'),
            },
        ],
    };
}

/** What the page says, to the eye and to a reader of the screen, and what stands in its fields. */
const everything = (page: Page) =>
    page.evaluate(() => {
        // A page that has just begun has no body yet.
        const said = [document.title, document.querySelector('body')?.textContent ?? ''];
        for (const element of document.querySelectorAll('*')) {
            for (const name of ['aria-label', 'title', 'value', 'placeholder', 'href'])
                said.push(element.getAttribute(name) ?? '');
            if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) said.push(element.value);
        }
        return said.join('\n').toLowerCase();
    });

/** Each of `texts` stands on the page, and none of it has run. */
async function stands(page: Page, ...texts: string[]): Promise<void> {
    for (const text of texts) await expect.poll(() => everything(page), text).toContain(text.toLowerCase());
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    await expect(page.locator('img[src="x"], [onerror]')).toHaveCount(0);
}

/** Sends a form as the manager. */
async function send(server: Server, path: string, fields: Record<string, string>): Promise<void> {
    const answer = await fetch(new URL(path, server.url), { method: 'POST', body: new URLSearchParams(fields) });
    expect(answer.status, await answer.text()).toBe(200);
}

/** Nothing opens, whatever else happens. */
function noDialogs(context: BrowserContext): string[] {
    const seen: string[] = [];
    context.on('dialog', (dialog) => {
        seen.push(dialog.message());
        void dialog.dismiss();
    });
    return seen;
}

let dialogs: string[] = [];
test.beforeEach(({ context }) => {
    dialogs = noDialogs(context);
});
test.afterEach(() => {
    expect(dialogs).toEqual([]);
});

for (const [what, text] of Object.entries({ markup: mark, 'another direction': turned })) {
    test(`${what} in an order stands in its details, its history and its customer’s page`, async ({ page, board, server }) => {
        // Line separators are white space in what is kept.
        const kept = (field: string) => text(field).replace('\u2028', ' ');
        const { body: placed } = await server.ask<{ id: string; number: number; version: number; tracking_url: string }>(
            'POST',
            '/api/orders',
            orderOf(text),
        );
        const change = { to: 'accepted', expected_version: placed.version, actor: { kind: 'staff', id: text('who') } };
        expect((await server.ask('POST', `/api/orders/${placed.id}/transitions`, change)).status).toBe(200);
        const seen = await fetch(new URL('/api/seen', server.url), {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ screen: text('screen'), orders: [placed.id] }),
        });
        expect(seen.status).toBe(204);
        await page.goto(placed.tracking_url);
        await expect(page.locator('#live')).toHaveText(/^Live/);
        await stands(page, kept('name').split(' ')[0] ?? '');
        await board.open();
        await board.ticket(placed).root.locator('.timer').click();
        await expect(page.getByRole('dialog').locator('.timeline')).toBeVisible();
        await stands(page, ...['chan', 'addr', 'instr', 'phone', 'who', 'screen', 'stat'].map(kept));
        await page.keyboard.press('Escape');

        const open = await server.read(placed.id);
        await server.cancel(await server.move(open, 'preparing'), text('reason'));
        await stands(page, kept('reason'));
    });
}

test('what is said of the whole kitchen is text', async ({ page, board, server }) => {
    await server.place(orderOf(mark));
    await board.open();
    const { status } = await server.ask('PUT', '/api/intake', { state: 'paused', minutes: 5, reason: mark('pause') });
    expect(status).toBe(200);
    await stands(page, mark('pause'), mark('stat'));
    await page.goto(`/?station=${encodeURIComponent(mark('stat'))}`);
    await board.isLive();
    await stands(page, mark('stat'));
    await page.goto('/orders/new');
    await stands(page, mark('pause'), mark('item'));
});

test('screens are called what they are called', async ({ page, board, server, faults }) => {
    test.slow();
    // What is refused is said on the console too.
    faults.allow(/422/);
    await server.place(orderOf(mark));
    const texts = [mark('title'), turned('title').replace('\u2028', ' '), '__proto__'];
    for (const [index, title] of texts.entries())
        await server.keepScreen(`screen-${index}`, { title, stations: [mark('st'), '__proto__'], channels: [mark('ch')] });
    await page.goto('/screens');
    await stands(page, ...texts, mark('st'), mark('ch'));
    for (const [index, title] of texts.entries()) {
        await page.goto(`/screens/screen-${index}/edit`);
        await stands(page, title, mark('st'), mark('ch'));
        await page.goto(`/screens/screen-${index}/delete`);
        await stands(page, title);
        await page.goto(`/screens/screen-${index}`);
        await board.isLive();
        await stands(page, title);
    }
    // Choices that come of orders.
    await page.goto('/screens/new');
    await stands(page, mark('stat'), mark('chan'));
    await page.locator('#title').fill(mark('typed'));
    await page.getByRole('button', { name: 'Save screen' }).click();
    await stands(page, mark('typed'));
    await page.goto('/access/approve?code=' + encodeURIComponent(mark('code')));
    await stands(page, mark('code'), ...texts);
});

test('users, keys and what they did are called what they are called', async ({ page, server, faults }) => {
    faults.allow(/422/);
    const names = [mark('user'), ...OTHERS];
    for (const name of names) {
        await send(server, '/access/users', { name, role: 'cook', password: 'correct horse battery', locations: mark('loc') });
        await send(server, '/access/keys', { name: `${name}`.slice(0, 39) + 'k', channel: mark('keych'), scopes: 'stream' });
    }
    await page.goto('/access/users');
    await stands(page, ...names, mark('loc'));
    await page.goto('/access/keys');
    await stands(page, mark('keych'));
    // Who did it stands beside what was done.
    await page.goto('/access/audit');
    await expect(page.locator('.deeds')).toContainText(mark('user'));
    await stands(page);
    await page.goto('/access/users/new');
    await page.getByLabel(/^Name/).fill(mark('x'));
    await page.getByLabel(/^Locations/).fill('x'.repeat(60));
    await page.getByLabel(/^Password/).fill('correct horse battery');
    await page.getByRole('button', { name: 'Make the user' }).click();
    await expect(page.getByRole('alert').first()).toBeVisible();
    await stands(page);
});

test('webhooks and channels that sign are called what they are called', async ({ page, server }) => {
    const names = [mark('hook'), ...OTHERS];
    for (const name of names) {
        const filter = { channel: [mark('from')], location: [mark('at')], station: [mark('stat')] };
        const url = `https://receiver.example/?of=${encodeURIComponent(name)}`;
        const { body } = await server.ask<{ id: string }>('POST', '/api/webhooks', { url, description: name, filter });
        for (const part of ['', '/edit', '/delete']) {
            await page.goto(`/access/webhooks/${body.id}${part}`);
            await stands(page, name);
        }
    }
    await page.goto('/access/webhooks');
    await stands(page, ...names);
    const channel = mark('signs');
    await server.ask('POST', `/api/channel-secrets/${encodeURIComponent(channel)}`);
    await page.goto('/access/secrets');
    await stands(page, channel);
    await page.goto(`/access/secrets/${encodeURIComponent(channel)}/delete`);
    await stands(page, channel);
});

test('what is typed at the log-in is text, and leads nowhere else', async ({ page, context, server, network, faults }) => {
    faults.allow(/401/);
    await send(server, '/access/users', { name: mark('me'), role: 'expo', password: 'correct horse battery' });
    await context.clearCookies();
    await page.goto('/login?next=' + encodeURIComponent(mark('next')));
    await stands(page, mark('next'));
    await page.getByLabel('Name').fill(mark('me'));
    await page.getByLabel('Password').fill('wrong horse battery');
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
    await stands(page, mark('me'), mark('next'));
    for (const next of ['//evil.example/', 'https://evil.example/', 'javascript:hacked=1', '/\\evil.example', '/ä']) {
        await context.clearCookies();
        await page.goto(`/login?next=${encodeURIComponent(next)}`);
        await page.getByLabel('Name').fill(mark('me'));
        await page.getByLabel('Password').fill('correct horse battery');
        await page.getByRole('button', { name: 'Log in' }).click();
        await expect(page).toHaveURL(`${network.url}/`);
        await stands(page);
    }
    await page.goto('/account');
    await stands(page, mark('me'));
});

test('what is typed into an order is text before it is placed and after', async ({ page, server }) => {
    await server.place(orderOf(mark));
    await page.goto('/orders/new?back=' + encodeURIComponent('/?q=' + mark('back')) + '&channel=' + encodeURIComponent(mark('chan')));
    await stands(page, mark('item'));
    for (const text of [mark('line'), ...OTHERS]) {
        await page.getByRole('combobox', { name: 'Item' }).fill(`2 ${text}`);
        await page.keyboard.press('Enter');
        await expect(page.getByRole('complementary', { name: 'Preview' })).toContainText(text, { ignoreCase: true });
    }
    await page.locator('#name').fill(mark('name'));
    await page.locator('#instructions').fill(mark('instr'));
    await stands(page, mark('line'), ...OTHERS);
    await page.getByRole('button', { name: 'Place order' }).click();
    await expect(page).toHaveURL(/placed=/);
    await stands(page);
    const open = await server.open();
    expect(open.some((order) => order.items.some((item) => item.name === mark('line')))).toBe(true);
});
