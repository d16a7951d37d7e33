/** Staff enter orders from the telephone and the counter. */

import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures';
import { complaints } from '../fixtures/axe';
import { order } from '../fixtures/orders';

const line = (page: Page) => page.getByRole('combobox', { name: 'Item' });
const lines = (page: Page) => page.getByRole('list', { name: 'Lines' }).getByRole('textbox');
const preview = (page: Page) => page.getByRole('complementary', { name: 'Preview' });
const refused = (page: Page) => page.getByRole('alert').filter({ hasText: 'Not placed' });
/** Waits until the page's script hears keys: at its end it shows which ones. */
const listens = (page: Page) => expect(page.locator('.chord')).toBeVisible();
const sticksOut = (page: Page) =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test('an order is entered with the keyboard alone, from the board and back', async ({ page, server, board }) => {
    await server.place(order({ items: [{ name: 'Cheeseburger', quantity: 1, station: 'grill' }] }));
    await server.keepScreen('expo', { role: 'expo' });
    await page.goto('/screens/expo');
    await board.isLive();
    await page.keyboard.press('n');
    await expect(line(page)).toBeFocused();
    await listens(page);

    await page.keyboard.type('2 cheeseburger, no onion, + bacon');
    await page.keyboard.press('Enter');
    await expect(line(page)).toHaveValue('');
    await expect(line(page)).toBeFocused();
    await page.keyboard.type('iced tea');
    await page.keyboard.press('Enter');
    await expect(lines(page)).toHaveCount(2);
    await expect(page.getByRole('status').filter({ hasText: 'Added: iced tea' })).toHaveCount(1);
    // As it is called here, where the last one was made.
    await expect(preview(page).locator('.name')).toHaveText(['Cheeseburger', 'iced tea']);
    await expect(preview(page)).toContainText('NO onion');
    await expect(preview(page)).toContainText('grill 2 · kitchen 1');

    // A line is mended and taken off by keys too.
    await page.keyboard.press('Shift+Tab');
    await page.getByRole('textbox', { name: 'Line 2' }).focus();
    await page.keyboard.press('ArrowUp');
    await expect(page.getByRole('textbox', { name: 'Line 1' })).toBeFocused();
    await page.keyboard.press('Home');
    await page.keyboard.press('Delete');
    await page.keyboard.type('3');
    await page.keyboard.press('Enter');
    await expect(line(page)).toBeFocused();
    await page.getByRole('button', { name: 'Take off line 2' }).focus();
    await page.keyboard.press('Enter');
    await expect(lines(page)).toHaveCount(1);
    await expect(line(page)).toBeFocused();

    // The telephone is chosen; the service by an arrow.
    await page.getByRole('radio', { name: 'Pickup' }).focus();
    await expect(page.getByLabel('Address')).toBeHidden();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Tab');
    await expect(page.getByLabel('Address')).toBeFocused();
    await page.keyboard.type('12 Mill Lane');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Ana');
    await page.keyboard.press('Control+Enter');

    const done = page.getByRole('status').filter({ hasText: /^Order 102 is placed\. Delivery, Ana/ });
    await expect(done).toBeVisible();
    await expect(page).toHaveTitle(/^Order 102 is placed/);
    await expect(line(page)).toBeFocused();
    const placed = (await server.open()).find(({ number }) => number === 102);
    expect(placed).toMatchObject({
        customer: { name: 'Ana' },
        fulfilment: { type: 'delivery', address: '12 Mill Lane' },
        source: { channel: 'phone' },
        items: [{ name: 'Cheeseburger', quantity: 3, station: 'grill', modifiers: [{ kind: 'no' }, { kind: 'add' }] }],
    });

    await done.getByRole('link', { name: 'Back to the board' }).focus();
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/\/screens\/expo$/);
    await board.isLive();
    await expect(board.tickets).toHaveCount(2);
});

test('the button leads there too, and a reload places nothing again', async ({ page, server, board }) => {
    await board.open('?view=grid');
    await page.getByRole('link', { name: 'New order' }).click();
    await line(page).fill('soup');
    await page.getByRole('radio', { name: 'Counter' }).check();
    await page.getByRole('button', { name: 'Place order' }).click();
    await expect(page.getByText('Order 101 is placed.')).toBeVisible();
    // Whoever is at the counter stays there.
    await expect(page.getByRole('radio', { name: 'Counter' })).toBeChecked();
    await page.reload();
    await expect(page.getByText('Order 101 is placed.')).toBeVisible();
    expect(await server.open()).toHaveLength(1);
    await page.getByRole('link', { name: 'Back to the board' }).click();
    await expect(page).toHaveURL(/\/\?view=grid$/);
});

test('a double press makes one order', async ({ page, server }) => {
    await page.goto('/orders/new');
    await line(page).fill('2 fries');
    await page.getByRole('button', { name: 'Place order' }).dblclick();
    await expect(page.getByText('Order 101 is placed.')).toBeVisible();
    expect(await server.open()).toHaveLength(1);
});

test('names are suggested behind a number, differences behind a comma', async ({ page, server }) => {
    const modifiers = [{ kind: 'no' as const, name: 'onion' }];
    await server.place(order({ items: [{ name: 'Cheeseburger', quantity: 1, modifiers }, { name: 'Fries', quantity: 1 }] }));
    await page.goto('/orders/new');
    const offered = () =>
        page.locator('#names option').evaluateAll((all) => all.map((option) => (option as HTMLOptionElement).value));
    await line(page).fill('2 chee');
    expect(await offered()).toEqual(['2 Cheeseburger']);
    await line(page).fill('2 Cheeseburger, on');
    expect(await offered()).toEqual(['2 Cheeseburger, no onion']);
    await line(page).fill('');
    expect(await offered()).toEqual(['Cheeseburger', 'Fries']);
});

test('what is wrong stands beside its field, and a pause says until when', async ({ page, server, faults }) => {
    faults.allow(/Failed to load resource.*(422|503)/);
    await page.goto('/orders/new');
    await line(page).fill('0 fries');
    await page.getByLabel('Name').fill('Ana');
    await page.getByRole('button', { name: 'Place order' }).click();
    await expect(refused(page)).toContainText('1 field needs another look');
    const first = page.getByRole('textbox', { name: 'Line 1' });
    await expect(first).toBeFocused();
    await expect(first).toHaveAccessibleDescription(/The number must be a whole number from 1 to 999/);
    await expect(page.getByLabel('Name')).toHaveValue('Ana');

    await server.ask('PUT', '/api/intake', { state: 'paused', minutes: 30, reason: 'oven is out' });
    await listens(page);
    await first.fill('4 fries');
    await page.keyboard.press('Control+Enter');
    await expect(refused(page)).toContainText(/no new orders are taken until \d\d:\d\d \(oven is out\)/);
    await expect(first).toHaveValue('4 fries');
    await server.ask('PUT', '/api/intake', { state: 'open' });
    await listens(page);
    await expect(line(page)).toBeFocused();
    await page.keyboard.press('Control+Enter');
    await expect(page.getByText('Order 101 is placed.')).toBeVisible();
});

test('without a server nothing that was typed is lost', async ({ page, server, faults }) => {
    faults.allowLostConnections();
    await page.goto('/orders/new');
    await line(page).fill('2 fries');
    await page.getByLabel('Name').fill('Ana');
    await server.kill();
    await page.keyboard.press('Control+Enter');
    await expect(page.getByRole('alert')).toContainText('the server does not answer');
    await expect(line(page)).toHaveValue('2 fries');
    await server.restart();
    await page.keyboard.press('Control+Enter');
    await expect(page.getByText('Order 101 is placed.')).toBeVisible();
    expect((await server.open())[0]).toMatchObject({ customer: { name: 'Ana' } });
});

test.describe('with a service worker', () => {
    test.use({ serviceWorkers: 'allow' });

    test('the key does not lose the board while the server is away', async ({ page, server, board, faults }) => {
        faults.allowLostConnections();
        const placed = await server.place(order());
        await board.open();
        await board.isKept();
        await board.remembers(placed.id);
        await server.kill();
        await board.isCutOff(30_000);
        await page.keyboard.press('n');
        await board.says(/^Offline since/, 30_000);
        await expect(page).toHaveURL(/\/$/);
        await expect(board.ticket(placed).root).toBeVisible();
    });
});

test('the list of keys has the key, and it can be another', async ({ page, board }) => {
    await board.open();
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog', { name: 'Keys' });
    await expect(keys.getByRole('listitem').filter({ hasText: 'New order' })).toContainText('N');
    await keys.getByRole('button', { name: 'Change New order' }).click();
    await page.keyboard.press('F8');
    await page.keyboard.press('Escape');
    await page.keyboard.press('F8');
    await expect(page.getByRole('heading', { name: 'New order' })).toBeVisible();
});

test.describe('without JavaScript', () => {
    test.use({ javaScriptEnabled: false });

    test('Enter adds a line, and the order is placed by a plain form', async ({ page, server }) => {
        await page.goto('/');
        await page.getByRole('link', { name: 'New order' }).click();
        await line(page).fill('2 cheeseburger, no onion');
        await line(page).press('Enter');
        await expect(preview(page)).toContainText('NO onion');
        await expect(line(page)).toHaveValue('');
        await line(page).fill('soup');
        await line(page).press('Enter');
        await expect(lines(page)).toHaveCount(2);
        await page.getByRole('button', { name: 'Take off line 1' }).click();
        await expect(lines(page)).toHaveCount(1);
        await page.getByRole('radio', { name: 'Dine-in' }).check();
        await page.getByLabel('Table').fill('7');
        await page.getByRole('checkbox', { name: /^Rush/ }).check();
        await page.getByRole('button', { name: 'Place order' }).click();
        await expect(page.getByText('Order 101 is placed.')).toBeVisible();
        expect((await server.open())[0]).toMatchObject({ fulfilment: { table: '7' }, items: [{ name: 'soup' }], flags: { rush: true } });
    });
});

for (const colorScheme of ['dark', 'light'] as const) {
    for (const [device, viewport] of [
        ['wide', { width: 1600, height: 900 }],
        ['narrow', { width: 320, height: 700 }],
    ] as const) {
        test.describe(`${colorScheme}, ${device}`, () => {
            test.use({ colorScheme, viewport });

            test('axe has no complaint and nothing sticks out', async ({ page, faults }, info) => {
                // Four pages, each looked at as a whole.
                test.slow();
                faults.allow(/Failed to load resource.*422/);
                const looks = async (name: string) => {
                    expect.soft(await complaints(page), name).toEqual([]);
                    expect.soft(await sticksOut(page), name).toBeLessThanOrEqual(0);
                    await info.attach(name, { body: await page.screenshot({ fullPage: true }), contentType: 'image/png' });
                };
                await page.goto('/orders/new');
                await looks('empty');
                await line(page).fill('12 Supercalifragilisticexpialidocious, no onion, + bacon, well done');
                await page.keyboard.press('Enter');
                await page.getByLabel('peanut').check();
                await page.getByRole('radio', { name: 'Delivery' }).check();
                await page.getByLabel('Name').fill('n'.repeat(60));
                await expect(preview(page)).toContainText('ALLERGY', { ignoreCase: true });
                await expect(preview(page)).toContainText('nnnnn');
                await looks('filled in');
                await page.getByRole('textbox', { name: 'Line 1' }).fill('0 soup');
                await page.getByRole('button', { name: 'Place order' }).click();
                await expect(refused(page)).toBeVisible();
                await looks('with a fault');
                await page.getByRole('textbox', { name: 'Line 1' }).fill('1 soup');
                await page.getByRole('button', { name: 'Place order' }).click();
                await expect(page.getByText('Order 101 is placed.')).toBeVisible();
                await looks('placed');
            });
        });
    }
}
