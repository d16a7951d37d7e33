/** The customer's page: small, true about itself, and the customer's alone. */

import { readFile, writeFile } from 'node:fs/promises';

import type { Page } from '@playwright/test';

import type { Board } from '../board';
import { expect, test } from '../fixtures';
import { complaints, complaintsOfColour } from '../fixtures/axe';
import { type FoodOrder, type NewOrder, fullOrder, order } from '../fixtures/orders';
import type { Server } from '../fixtures/server';

const KB = 1024;
const PHONE = { width: 390, height: 844 };

interface Placed {
    order: FoodOrder;
    path: string;
}

async function place(server: Server, body: NewOrder): Promise<Placed> {
    const { status, body: placed } = await server.ask<FoodOrder & { tracking_url: string }>('POST', '/api/orders', body);
    expect(status).toBe(201);
    return { order: placed, path: placed.tracking_url };
}

const curbside = (): NewOrder => ({ ...fullOrder(), fulfilment: { type: 'curbside' } });

/** A board, as wide as one is. */
async function kitchen(anotherBoard: () => Promise<Board>): Promise<Board> {
    const board = await anotherBoard();
    await board.page.setViewportSize({ width: 1280, height: 800 });
    await board.open();
    return board;
}

const says = (page: Page) => page.getByRole('heading', { level: 1 });
const live = (page: Page) => page.locator('#live');
const icon = (page: Page) => page.locator('#icon').getAttribute('href');

test.use({ viewport: PHONE });

test('the page follows its order to the end', async ({ page, server }) => {
    const { order: placed, path } = await place(server, fullOrder());
    // What it would ask by, and load anew by, leads nowhere: a change comes by the one
    // stream that is open, at once, or it does not come.
    const asked: string[] = [];
    page.on('request', (request) => {
        if (!request.url().startsWith('data:')) asked.push(new URL(request.url()).pathname);
    });
    await page.route('**/state', (route) => route.abort());
    await page.goto(path);
    await expect(says(page)).toHaveText('We have your order');
    await expect(page).toHaveTitle(`We have your order · ${placed.number}`);
    await expect(page.locator('.number')).toHaveText(`Order ${placed.number} for Ana`);
    await expect(live(page)).toHaveText(/^Live – as of \d\d:\d\d$/);
    const waiting = await icon(page);

    // Somebody else's order changes nothing.
    await server.move(await server.place(order()), 'accepted', 'preparing');
    const preparing = await server.move(placed, 'accepted', 'preparing');
    await expect(says(page)).toHaveText('We’re making it');
    await expect(page.locator('.steps .now')).toContainText('Preparing');
    expect(await icon(page)).toBe(waiting);

    // The page itself says when it shows it: no clock of a test's own is waited for.
    const shown = await page.evaluateHandle(() => ({
        at: new Promise<number>((done) => {
            const title = document.querySelector('title');
            if (title) new MutationObserver(() => done(Date.now())).observe(title, { childList: true });
        }),
    }));
    const ready = await server.move(preparing, 'ready');
    const at = await shown.evaluate((it) => it.at);
    console.log(`the page followed a bump within ${at - (ready.times.ready_at ?? Number.NaN)} ms`);
    await expect(says(page)).toHaveText('Ready – please collect');
    await expect(page).toHaveTitle(`✓ Ready · ${placed.number}`);
    await expect(page.getByRole('status')).toHaveText(`✓ Ready · ${placed.number}`);
    expect(await icon(page)).not.toBe(waiting);

    await server.move(ready, 'completed');
    await expect(says(page)).toHaveText('Collected – enjoy!');
    await expect(page.locator('.steps .past')).toHaveCount(4);
    expect(asked, 'one page, one stream, and nothing asked for').toEqual([path, `${path}/events`]);
});

test('a cancelled order says why, as far as that is for the customer', async ({ page, server }) => {
    const { order: placed, path } = await place(server, fullOrder());
    await page.goto(path);
    // The name of a reason, as boards send it.
    await server.cancel(placed, 'too_busy');
    await expect(says(page)).toHaveText('This order was cancelled');
    await expect(page.getByText('The kitchen cannot take more just now.')).toBeVisible();
    await expect(page.locator('.steps')).toHaveCount(0);

    const another = await place(server, order());
    await server.cancel(another.order, 'the fryer is on fire again');
    await page.goto(another.path);
    await expect(says(page)).toHaveText('This order was cancelled');
    await expect(page.getByText('fryer')).toHaveCount(0);
});

test('what nobody has answered is called off from the page, and the kitchen is asked to acknowledge', async ({
    page,
    anotherBoard,
    server,
}) => {
    const { order: placed, path } = await place(server, fullOrder());
    const board = await kitchen(anotherBoard);
    await page.goto(path);
    await page.getByRole('link', { name: 'Cancel this order' }).click();
    await expect(says(page)).toHaveText(`Cancel order ${placed.number}?`);
    expect(await complaints(page)).toEqual([]);
    await page.getByRole('link', { name: 'No, keep it' }).click();
    await expect(says(page)).toHaveText('We have your order');

    await page.getByRole('link', { name: 'Cancel this order' }).click();
    await page.getByRole('button', { name: 'Yes, cancel it' }).click();
    await expect(says(page)).toHaveText('This order was cancelled');
    await expect(page).toHaveURL(path);
    await expect(page.getByText('It was cancelled as you wished.')).toBeVisible();
    await expect(page.getByRole('link')).toHaveCount(0);
    const ticket = board.ticket(placed).root;
    await expect(ticket).toContainText('Customer cancelled online');
    await ticket.getByRole('button', { name: /^Got it/ }).click();
    await expect(board.tickets).toHaveCount(0);
    const { status, last_change: change } = await server.read(placed.id);
    expect([status, change.reason]).toEqual(['cancelled', 'customer_cancelled']);
});

test('who waits in a car says so once, and the board shows for how long', async ({ page, anotherBoard, server }) => {
    const { order: placed, path } = await place(server, curbside());
    const board = await kitchen(anotherBoard);
    await page.goto(path);
    await expect(live(page)).toHaveText(/^Live/);
    const badge = board.ticket(placed).root.locator('.here');
    await expect(badge).toBeHidden();
    const note = page.getByLabel('Where is your car');
    await note.fill('silver estate');
    // What somebody types stays while the kitchen goes on.
    await server.move(placed, 'accepted');
    await expect(says(page)).toHaveText('Your order is confirmed');
    await expect(note).toHaveValue('silver estate');
    await expect(note).toBeFocused();
    await page.getByRole('button', { name: 'I’m here' }).click();
    await expect(page.locator('.here')).toHaveText(/^You told us at \d\d:\d\d that you are here\./);
    await expect(page.locator('.here')).toContainText('silver estate');
    await expect(page).toHaveURL(path);
    await expect(page.getByRole('button')).toHaveCount(0);

    await expect(badge).toHaveText(/^Here 0:\d\d$/);
    const first = await badge.textContent();
    await expect(badge).not.toHaveText(first ?? '');
    const now = await server.read(placed.id);
    expect(now.fulfilment.arrived_note).toBe('silver estate');
    expect(now.last_change).toMatchObject({ what: 'arrived', actor: { kind: 'customer' } });
    const folder = process.env.PICTURES;
    if (folder) await writeFile(`${folder}/board-here.png`, await board.page.screenshot());
    await board.ticket(placed).root.locator('.timer').click();
    const details = board.page.getByRole('dialog');
    await expect(details).toContainText('silver estate');
    await expect(details.locator('.timeline')).toContainText('Customer is here');
    // As it was drawn by the server, so the browser goes on with it.
    await board.page.reload();
    await board.isLive();
    await expect(badge).toHaveText(/^Here \d+:\d\d$/);
    const ready = await server.move(now, 'preparing', 'ready');
    await server.move(ready, 'completed');
    await expect(says(page)).toHaveText('Collected – enjoy!');
    await expect(page.locator('.here')).toHaveCount(0);
});

test.describe('with a telephone', () => {
    test.use({ serverOptions: { env: { LIVE_ORDERS_TRACKING_CONTACT: 'Main St 1, +49 30 1234567' } } });

    test('it is one touch to call, also when it is too late to cancel', async ({ page, server, faults }) => {
        faults.allow(/409|Failed to load resource/);
        const { order: placed, path } = await place(server, order());
        await page.goto(path);
        const call = page.getByRole('link', { name: 'Call +49 30 1234567' });
        await expect(call).toHaveAttribute('href', 'tel:+49301234567');
        await page.getByRole('link', { name: 'Cancel this order' }).click();
        const accepted = await server.move(placed, 'accepted');
        await page.getByRole('button', { name: 'Yes, cancel it' }).click();
        await expect(says(page)).toHaveText('Too late to cancel here');
        await expect(page.getByText('The kitchen has taken your order on.')).toBeVisible();
        await expect(call).toBeVisible();
        expect(await complaints(page)).toEqual([]);
        expect(await server.read(placed.id)).toMatchObject({ status: 'accepted', version: accepted.version });
        await page.getByRole('link', { name: 'Back to your order' }).click();
        await expect(says(page)).toHaveText('Your order is confirmed');
        await expect(page.getByRole('link', { name: 'Cancel this order' })).toHaveCount(0);
    });
});

test('all of it is less than 20 KB over the wire', async ({ page, server, network }) => {
    const { order: placed, path } = await place(server, fullOrder());
    const requests = new Set<string>();
    page.on('request', (request) => {
        if (!request.url().startsWith('data:')) requests.add(new URL(request.url()).pathname);
    });
    await page.goto(path);
    await expect(live(page)).toHaveText(/^Live/);
    const first = network.received;
    await server.move(placed, 'accepted', 'preparing', 'ready');
    await expect(says(page)).toHaveText('Ready – please collect');
    const all = network.received;
    console.log(`the page: ${(first / KB).toFixed(1)} KB, and with three changes ${(all / KB).toFixed(1)} KB`);
    expect(first).toBeGreaterThan(KB);
    expect(all).toBeLessThan(20 * KB);
    expect([...requests].sort()).toEqual([path, `${path}/events`]);
});

test('it says when it is not live, and comes back', async ({ page, context, server, network, faults }) => {
    faults.allow(/ERR_INTERNET_DISCONNECTED|ERR_CONNECTION|ERR_NETWORK|Failed to load resource/);
    const { order: placed, path } = await place(server, fullOrder());
    await page.goto(path);
    await expect(live(page)).toHaveText(/^Live/);

    await context.setOffline(true);
    await network.cut();
    await expect(live(page)).toHaveText(/^You are offline – last known at \d\d:\d\d$/);
    await server.move(placed, 'accepted', 'preparing');
    await expect(says(page)).toHaveText('We have your order');
    await network.restore();
    await context.setOffline(false);
    await expect(says(page)).toHaveText('We’re making it');
    await expect(live(page)).toHaveText(/^Live/);

    // Without a word from the browser, too.
    await network.cut();
    await expect(live(page)).toHaveText(/^Not live – last known at \d\d:\d\d$/, { timeout: 30_000 });
    await network.restore();
    await expect(live(page)).toHaveText(/^Live/, { timeout: 30_000 });
});

test('where no stream can be held, it asks', async ({ page, server, faults }) => {
    // It asks every fifteen seconds.
    test.slow();
    faults.allow(/Failed to load resource|EventSource/);
    const { order: placed, path } = await place(server, fullOrder());
    await page.route('**/events', (route) => route.fulfill({ status: 503, body: 'no' }));
    await page.goto(path);
    await server.move(placed, 'accepted', 'preparing');
    await expect(says(page)).toHaveText('We’re making it', { timeout: 40_000 });
    await expect(live(page)).toHaveText(/^Live/, { timeout: 30_000 });
});

test('an erased order’s page is over where it is open', async ({ page, server, faults }) => {
    faults.allow(/410|Failed to load resource/);
    const { order: placed, path } = await place(server, fullOrder());
    const cancelled = await server.cancel(placed, 'Customer asked');
    await page.goto(path);
    await expect(says(page)).toHaveText('This order was cancelled');
    await expect(live(page)).toHaveText(/^Live/);
    expect((await server.ask('POST', `/api/orders/${cancelled.id}/erase`, {})).status).toBe(200);
    await expect(says(page)).toHaveText('This order is done');
    expect((await page.reload())?.status()).toBe(410);
});

test('what a customer writes is text on it', async ({ page, server }) => {
    const hostile = (what: string) => `<img src=x onerror="document.title='${what}'"></p><script>document.title='${what}'</script>`;
    const { order: placed, path } = await place(server, {
        customer: { name: '<script>document.title=1</script>' },
        items: [
            {
                name: hostile('item'),
                quantity: 1,
                note: hostile('note'),
                allergens: ['<b onclick=x>peanut'],
                modifiers: [{ kind: 'add', name: hostile('modifier') }],
            },
        ],
    });
    await page.goto(path);
    for (const move of ['accepted', 'preparing'] as const) await server.move(await server.read(placed.id), move);
    await expect(says(page)).toHaveText('We’re making it');
    await expect(page.locator('.items bdi').first()).toHaveText(hostile('item'));
    await expect(page.locator('.note')).toHaveText(hostile('note'));
    await expect(page.locator('.allergy')).toContainText('<b onclick=x>peanut');
    await expect(page.locator('#view img, #view script')).toHaveCount(0);
    await expect(page).toHaveTitle(`We’re making it · ${placed.number}`);
});

test('an address that leads nowhere is a page too', async ({ page, faults }) => {
    faults.allow(/404|Failed to load resource/);
    const answer = await page.goto('/t/00000000000000000000000000000000');
    expect(answer?.status()).toBe(404);
    await expect(says(page)).toHaveText('There is nothing here');
    expect(await complaints(page)).toEqual([]);
});

for (const [locale, dir, sentence] of [
    ['en-GB', 'ltr', 'Ready – we bring it out to you'],
    ['de-DE', 'ltr', 'Fertig – wir bringen sie hinaus'],
    ['ar-EG', 'rtl', 'جاهز – سنحضره إليك في الخارج'],
] as const) {
    test.describe(`in ${locale}`, () => {
        test.use({ locale, serverOptions: { env: { LIVE_ORDERS_TRACKING_CONTACT: '+49 30 1234567' } } });

        test('it reads well, is accessible, and fits a narrow phone', async ({ page, server }) => {
            const { order: placed, path } = await place(server, {
                ...curbside(),
                customer: { name: 'Donaudampfschifffahrtsgesellschaftskapitänswitwe Müller' },
            });
            await page.goto(path);
            await expect(page.locator('html')).toHaveAttribute('dir', dir);
            for (const [scheme, width] of [
                ['light', 320],
                ['dark', 390],
            ] as const) {
                await page.emulateMedia({ colorScheme: scheme });
                await page.setViewportSize({ width, height: 844 });
                const wide = await page.evaluate(() => document.documentElement.scrollWidth);
                expect(wide, `${scheme} at ${width}`).toBeLessThanOrEqual(width);
                expect(await complaints(page), `${scheme} at ${width}`).toEqual([]);
                await picture(page, `${locale}-${scheme}-new`);
            }
            await page.goto(`${path}/cancel`);
            for (const scheme of ['light', 'dark'] as const) {
                await page.emulateMedia({ colorScheme: scheme });
                expect(await complaints(page), scheme).toEqual([]);
                await picture(page, `${locale}-${scheme}-cancel`);
            }
            await page.goto(path);
            await page.locator('#note').fill('silver estate, bay 4');
            await page.getByRole('button').click();
            await expect(page.locator('.here')).toContainText('silver estate, bay 4');
            const here = await server.read(placed.id);
            await server.move(here, 'accepted', 'preparing', 'ready');
            await expect(says(page)).toHaveText(sentence);
            for (const scheme of ['light', 'dark'] as const) {
                await page.emulateMedia({ colorScheme: scheme });
                expect(await complaintsOfColour(page), scheme).toEqual([]);
                await picture(page, `${locale}-${scheme}-ready`);
            }
        });
    });
}

/** A picture for whoever wants to look: `PICTURES=folder`. */
async function picture(page: Page, name: string): Promise<void> {
    const folder = process.env.PICTURES;
    if (folder) await writeFile(`${folder}/${name}.png`, await page.screenshot({ fullPage: true }));
}

test.describe('without a script', () => {
    test.use({ javaScriptEnabled: false });

    test('the page is whole, and looks again by itself', async ({ page, server }) => {
        const { order: placed, path } = await place(server, fullOrder());
        await page.goto(path);
        await expect(says(page)).toHaveText('We have your order');
        await expect(page.locator('.items')).toContainText('sauce on the side');
        await expect(page.locator('noscript p')).toBeVisible();
        await expect(page.locator('noscript p')).toHaveText('This page refreshes by itself.');
        await expect(live(page)).toHaveText(/^As of \d\d:\d\d\.$/);
        await expect(page.locator('noscript meta[http-equiv=refresh]')).toHaveAttribute('content', '20');
        await server.move(placed, 'accepted', 'preparing');
        await expect(says(page)).toHaveText('We’re making it', { timeout: 40_000 });
    });

    test('an order is called off, and its customer is here', async ({ page, server }) => {
        const { order: placed, path } = await place(server, curbside());
        await page.goto(path);
        await page.locator('#note').fill('silver estate');
        await page.getByRole('button', { name: 'I’m here' }).click();
        await expect(page.locator('.here')).toContainText('silver estate');
        await page.getByRole('link', { name: 'Cancel this order' }).click();
        await page.getByRole('button', { name: 'Yes, cancel it' }).click();
        await expect(says(page)).toHaveText('This order was cancelled');
        expect((await server.read(placed.id)).times.arrived_at).toBeGreaterThan(0);
    });
});

test('no log of the server holds the address', async ({ page, server }) => {
    const { path } = await place(server, fullOrder());
    await page.goto(path);
    await expect(live(page)).toHaveText(/^Live/);
    expect(server.log.join('\n')).not.toContain(path.slice('/t/'.length));
    expect(await readFile(`${server.data}/orders.db`, 'latin1')).not.toContain(path.slice('/t/'.length));
});
