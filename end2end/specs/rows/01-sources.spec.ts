/** A kitchen does not notice what does not come: the board does. */

import type { Route } from '@playwright/test';
import { Ear, startScreen } from '../../fixtures/audio';
import { expect, test } from '../../fixtures';
import { at, order, refusal } from '../../fixtures/orders';

const intake = '[data-act="intake"]#intake';
const web = () => order({ source: { channel: 'web' } });

test.describe('where a silence is short', () => {
    test.use({
        serverOptions: {
            env: {
                LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000',
                LIVE_ORDERS_KITCHEN_QUIET_AFTER_S: '3',
                LIVE_ORDERS_KITCHEN_UNSEEN_AFTER_S: '3600',
            },
        },
    });

    test('row 1: a channel that is silent for much longer than usual is told of until it comes back', async ({
        board,
        page,
        server,
    }) => {
        for (let count = 0; count < 8; count += 1) await server.place(web());
        await server.place(order({ source: { channel: 'till' } }));
        await board.open();
        const strip = page.locator('#quiet');
        await expect(strip).toHaveText(/^web has been silent for 1 min\s*Intake$/, { timeout: 20_000 });
        await expect(page.locator('#polite')).toContainText('web has been silent for much longer than usual', {
            timeout: 20_000,
        });

        await strip.getByRole('button', { name: 'Intake' }).click();
        const rows = page.locator('.sources li');
        await expect(rows).toHaveCount(2);
        await expect(rows.filter({ hasText: 'till' })).toHaveText(/^tilllast order \d\d:\d\d · 1 today$/);
        await expect(rows.filter({ hasText: 'web' })).toHaveText(
            /^webQuietweb has been silent for 1 min · last order \d\d:\d\d · 8 today$/,
        );
        await server.place(web());
        await expect(strip).toBeEmpty();
        await expect(rows.filter({ hasText: 'web' })).toHaveText(/^weblast order \d\d:\d\d · 9 today$/);
    });
});

test('row 1: the channels that cannot be loaded are asked for again', async ({ board, page, server, faults }) => {
    faults.allow(/Failed to load resource/);
    await server.place(web());
    await page.route('**/api/sources', (route) => route.fulfill({ status: 502 }), { times: 1 });
    await board.open();
    await page.locator(intake).click();
    await expect(page.getByText('The channels could not be loaded.')).toBeVisible();
    await expect(page.locator('.sources li')).toHaveText(/^weblast order/, { timeout: 20_000 });
});

test('row 1: a test order is TEST on every screen, rings, and counts in no figures', async ({
    board,
    anotherBoard,
    page,
    server,
}) => {
    const grill = await anotherBoard();
    const ear = await Ear.of(grill.page);
    // Neither its station nor its channel is that of a test.
    await server.keepScreen('grill', { role: 'prep', stations: ['grill'], channels: ['web'], view: 'columns' });
    await server.place(at('fry'));
    await board.open();
    await grill.page.goto('/screens/grill');
    await grill.isLive();
    await startScreen(grill.page);
    await page.locator(intake).click();
    await page.getByRole('button', { name: 'Send test order' }).click();
    await expect(page.getByText(/^Test order \d+ is placed: every screen marks it TEST\.$/)).toBeVisible();

    const placed = (await server.open()).find((it) => it.customer.name === 'Test order')!;
    expect(placed.items.map((it) => it.name)).toEqual(['Test – do not make']);
    for (const screen of [board, grill]) {
        await screen.has(placed, 'New');
        await expect(screen.ticket(placed).root.locator('.badge-test')).toHaveText('TEST');
    }
    await expect.poll(() => ear.count('new')).toBe(1);
    // One order of a customer's is there, and nothing more is to be made.
    await expect(page.locator('#figures')).toHaveText(/Orders \/ h1/);
    await page.locator('[data-act="panel-close"]').click();
    await page.locator('[data-act="all-day"]').click();
    await expect(page.locator('#panel-body .total')).toHaveCount(1);

    // It goes as every order goes.
    await grill.ticket(placed).bump();
    await expect.poll(async () => (await server.read(placed.id)).status).not.toBe('placed');
    await server.cancel(await server.read(placed.id), 'seen');
    await expect(board.ticket(placed).root).toContainText(/cancelled/i);
});

for (const [what, answer] of [
    ['that has no answer', (route: Route) => route.abort()],
    ['of which the server does not know', (route: Route) => route.fulfill(refusal('Nobody knows.', 'outcome_unknown'))],
] as const)
    test(`row 1: a test order ${what} is not placed twice`, async ({ board, page, server, faults }) => {
        faults.allow(/Failed to load resource/, /net::ERR/);
        await board.open();
        await page.locator(intake).click();
        // It comes through, and its answer does not.
        await page.route(
            '**/api/orders',
            async (route) => {
                await route.fetch();
                await answer(route);
            },
            { times: 1 },
        );
        const send = page.getByRole('button', { name: 'Send test order' });
        await send.click();
        await expect(page.getByRole('alert').filter({ hasText: 'Not confirmed' })).toBeVisible();
        await send.click();
        await expect(page.getByText(/^Test order \d+ is placed/)).toBeVisible();
        expect(await server.open()).toHaveLength(1);
    });

test('row 1: a test order that a paused kitchen does not take says so', async ({ board, page, server, faults }) => {
    faults.allow(/Failed to load resource/);
    await server.ask('PUT', '/api/intake', { state: 'paused', minutes: 15 });
    await board.open();
    await page.locator(intake).click();
    await page.getByRole('button', { name: 'Send test order' }).click();
    await expect(page.locator('#panel-body').getByRole('alert')).toContainText(/paused/i);
    expect(await server.open()).toHaveLength(0);
});
