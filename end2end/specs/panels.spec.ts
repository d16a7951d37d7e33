/** What is beside the board: totals, search, the list of the day; and who has shown an order. */

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures';
import { at, order } from '../fixtures/orders';

async function complaints(page: Page): Promise<string[]> {
    const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .analyze();
    return violations.flatMap(({ id, help, nodes }) =>
        nodes.map((node) => `${id} (${help}): ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
    );
}

const panel = (page: Page) => page.locator('#panel');
const total = (page: Page, name: string) => panel(page).getByRole('button', { name: new RegExp(`^\\d+ ${name} `) });

test('all-day: totals of what is still to be made, and the tickets that have an item', async ({ board, page, server }) => {
    const first = await server.place(order({ items: [
        { name: 'Cheeseburger', quantity: 2, station: 'grill' },
        { name: 'Fries', quantity: 1, station: 'fry' },
    ] }));
    const second = await server.place(at('grill', 'Cheeseburger', 3));
    const fries = await server.place(at('fry', 'Fries', 4));
    await board.open();
    await page.keyboard.press('a');
    await expect(total(page, 'Cheeseburger')).toContainText('5');
    await expect(total(page, 'Cheeseburger')).toContainText('2 orders');
    await expect(total(page, 'Fries')).toContainText('5');

    await server.tick(first, 1, 'done');
    await expect(total(page, 'Cheeseburger')).toContainText('3');
    await total(page, 'Cheeseburger').click();
    await expect(total(page, 'Cheeseburger')).toHaveAttribute('aria-pressed', 'true');
    await expect(page.locator('[data-marked]')).toHaveCount(1);
    await expect(board.ticket(second).root).toBeVisible();
    await expect(page.locator(`[data-marked][data-order="${second.id}"]`)).toHaveCount(1);
    // One that comes later is marked too, and the keyboard stays where it is.
    const later = await server.place(at('grill', 'Cheeseburger', 1));
    await expect(page.locator(`[data-marked][data-order="${later.id}"]`)).toHaveCount(1);
    // Written anew, and then it has the keyboard again.
    await expect(total(page, 'Cheeseburger')).toContainText('4');
    await expect(total(page, 'Cheeseburger')).toBeFocused();
    await expect(page.locator(`[data-marked][data-order="${fries.id}"]`)).toHaveCount(0);
    await page.keyboard.press('Escape');
    await expect(panel(page)).toBeHidden();
    await expect(page.locator('[data-marked]')).toHaveCount(0);
    await expect(page.getByRole('button', { name: 'All-day' })).toBeFocused();
});

test('search: by number or name, open at once and closed by the server', async ({ board, page, server }) => {
    const ana = await server.place(order({ customer: { name: 'Ana Žižek' } }));
    const bo = await server.place(order({ customer: { name: 'Bo' } }));
    const gone = await server.move(await server.place(order({ customer: { name: 'Joana' } })), 'accepted', 'preparing', 'ready', 'completed');
    await board.open();
    await page.keyboard.press('/');
    const field = page.getByLabel('Number or name');
    await expect(field).toBeFocused();
    await field.fill('ana');
    await expect(panel(page).getByRole('button', { name: `${ana.number} Ana Žižek` })).toBeVisible();
    await expect(panel(page).getByText('Joana')).toBeVisible();
    await expect(panel(page).getByText('Bo', { exact: true })).toBeHidden();
    // Letters are letters: nothing is muted or opened by what is typed.
    await expect(panel(page)).toBeVisible();

    await field.fill(String(bo.number));
    await page.keyboard.press('Enter');
    await expect(board.ticket(bo).root.getByRole('button').first()).toBeFocused();

    await field.fill('joana');
    await panel(page).getByRole('button', { name: `Recall ${gone.number}` }).click();
    await board.has(gone, 'Ready');
    await field.fill('nobody');
    await expect(panel(page).getByText('No order of this day has that number or name')).toBeVisible();
});

test('the list of the day says who closed an order', async ({ board, page, server }) => {
    const gone = await server.move(await server.place(order()), 'accepted', 'preparing', 'ready', 'completed');
    await board.open();
    await page.keyboard.press('r');
    const list = page.getByRole('dialog', { name: 'Closed today' });
    await expect(list).toContainText(String(gone.number));
    await expect(list).toContainText('api');
});

test.describe('what nobody can see', () => {
    test.use({
        serverOptions: {
            env: { LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000', LIVE_ORDERS_KITCHEN_UNSEEN_AFTER_S: '2' },
        },
    });

    test('an order on no screen of its station raises an alarm on every other', async ({ board, anotherBoard, page, server }) => {
        await server.keepScreen('grill', { role: 'prep', stations: ['grill'], view: 'columns' });
        await server.keepScreen('fry', { role: 'prep', stations: ['fry'], view: 'columns' });
        await server.keepScreen('expo', { role: 'expo', view: 'columns' });
        await page.goto('/screens/fry');
        const expo = await anotherBoard();
        await expo.page.goto('/screens/expo');
        await board.isLive();
        await expo.isLive();
        const fries = await server.place(at('fry', 'Fries'));
        const burger = await server.place(at('grill'));
        const says = `Order ${burger.number} is on no screen of grill`;
        for (const it of [page, expo.page]) await expect(it.getByRole('alert').filter({ hasText: says })).toBeVisible();
        // What somebody sees is no alarm; that expo saw it helps nobody at the grill.
        await expect(page.getByRole('alert').filter({ hasText: `Order ${fries.number} ` })).toHaveCount(0);
        await expect.poll(() => server.seen(burger)).toEqual(['expo']);
        await expect.poll(async () => (await server.seen(fries)).sort()).toEqual(['expo', 'fry']);

        const grill = await anotherBoard();
        await grill.page.goto('/screens/grill');
        for (const it of [page, expo.page]) await expect(it.getByRole('alert').filter({ hasText: says })).toHaveCount(0);
        await expect.poll(async () => (await server.seen(burger)).sort()).toEqual(['expo', 'grill']);
    });

    test('the server is told of each order once, and again when it started anew', async ({ board, page, server, faults }) => {
        faults.allowLostConnections();
        const told: string[][] = [];
        page.on('request', (request) => {
            if (request.url().endsWith('/api/seen')) told.push((request.postDataJSON() as { orders: string[] }).orders);
        });
        const orders = [await server.place(order()), await server.place(order())];
        await board.open();
        await expect.poll(() => told.flat().sort()).toEqual(orders.map((it) => it.id).sort());
        orders.push(await server.place(order()));
        await expect.poll(() => told.flat().sort()).toEqual(orders.map((it) => it.id).sort());
        await server.kill();
        await server.restart();
        await board.isLive(20_000);
        await expect.poll(() => told.flat().length, { timeout: 15_000 }).toBe(6);
        await expect(page.getByRole('alert').filter({ hasText: 'is on no screen' })).toHaveCount(0);
    });
});

for (const colorScheme of ['dark', 'light'] as const) {
    for (const viewport of [
        { width: 1600, height: 900 },
        { width: 390, height: 844 },
    ]) {
        test.describe(`${colorScheme}, ${viewport.width}`, () => {
            test.use({ colorScheme, viewport });

            test('axe has nothing to complain about', async ({ board, page, server }) => {
                await server.keepScreen('grill', { role: 'prep', stations: ['grill'], view: 'columns', theme: colorScheme });
                await server.place(at('grill'));
                await server.move(await server.place(at('grill', 'Steak')), 'accepted', 'preparing', 'ready', 'completed');
                await page.goto('/screens/grill');
                await board.isLive();
                expect(await complaints(page)).toEqual([]);
                await page.keyboard.press('a');
                await total(page, 'Cheeseburger').click();
                expect(await complaints(page)).toEqual([]);
                await page.screenshot({ path: test.info().outputPath('all-day.png') });
                await page.keyboard.press('Escape');
                await page.keyboard.press('/');
                await page.getByLabel('Number or name').fill('10');
                await page.getByLabel('Number or name').fill('102');
                await expect(panel(page).getByText('Closed today')).toBeVisible();
                expect(await complaints(page)).toEqual([]);
                await page.screenshot({ path: test.info().outputPath('search.png') });
                await page.keyboard.press('Escape');
                await page.keyboard.press('i');
                await expect(page.getByRole('button', { name: 'For 15 min', exact: true })).toBeVisible();
                expect(await complaints(page)).toEqual([]);
                await page.screenshot({ path: test.info().outputPath('intake.png') });
                await page.getByRole('button', { name: 'For 15 min', exact: true }).click();
                await expect(page.getByText(/^Intake paused until/)).toBeVisible();
                await page.keyboard.press('m');
                expect(await complaints(page)).toEqual([]);
                await page.screenshot({ path: test.info().outputPath('paused.png') });
            });
        });
    }
}
