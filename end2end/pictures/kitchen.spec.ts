/**
 * The pictures of the manual, each of one view. They show a kitchen at the same
 * point of its evening but not the same second of it, so they are taken by hand
 * and compared with nothing.
 */

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { Board } from '../board';
import { expect, test } from '../fixtures';
import { type Evening, evening, screens } from './evening';
import { withPalette } from './palette';

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url));

test.use({ viewport: { width: 1366, height: 768 } });
test.setTimeout(180_000);

let tonight: Evening;
test.beforeEach(async ({ server }) => {
    tonight = await evening(server);
    await screens(server);
});

async function picture({ page }: Board, name: string): Promise<void> {
    await expect(page.locator('.badge-new')).toHaveCount(0, { timeout: 30_000 });
    // No pointer over anything, and every ticket as tall as it has to be.
    await page.mouse.move(0, 0);
    const cut = () =>
        page.locator('#slots .details').evaluateAll((all) => all.some((it) => it.scrollHeight > it.clientHeight + 2));
    await expect.poll(cut).toBe(false);
    await writeFile(`${FOLDER}${name}.png`, withPalette(await page.screenshot({ animations: 'disabled' })));
}

async function openScreen(board: Board, name: string): Promise<void> {
    await board.page.goto(`/screens/${name}`);
    await expect(board.page.locator('#chip.is-live, .chip.is-live')).toBeVisible();
    await expect(board.tickets.first()).toBeVisible();
    await board.page.locator('.strip.is-quiet').getByRole('button').last().click();
    await expect(board.page.locator('.strip.is-quiet')).toHaveCount(0);
}

test('columns, dark', async ({ board }) => {
    await board.open();
    await picture(board, 'columns-dark');
});

test.describe(() => {
    test.use({ colorScheme: 'light' });

    test('columns and grid, light', async ({ board }) => {
        await board.open();
        await picture(board, 'columns-light');
        await openScreen(board, 'expo');
        await picture(board, 'grid-light');
    });
});

test.describe(() => {
    test.use({ viewport: { width: 390, height: 844 } });

    test('columns on a phone', async ({ board }) => {
        await board.open();
        await picture(board, 'columns-phone');
    });
});

test('expo and stations', async ({ board, page }) => {
    await page.goto('/screens/expo');
    await board.isLive();
    await picture(board, 'start');
    await openScreen(board, 'expo');
    await picture(board, 'expo');
    await openScreen(board, 'grill');
    await picture(board, 'prep');
});

test('on the wall', async ({ board }) => {
    await board.page.setViewportSize({ width: 1920, height: 1080 });
    await openScreen(board, 'pass');
    await picture(board, 'wall');
});

for (const [name, screen] of [
    ['german', 'kueche'],
    ['arabic', 'matbakh'],
] as const) {
    test(name, async ({ board }) => {
        await openScreen(board, screen);
        await picture(board, name);
    });
}

test('tickets: late, changed, called off, rushed, held', async ({ board, page }) => {
    await board.open();
    await expect(page.locator('.badge-new')).toHaveCount(0, { timeout: 30_000 });
    for (const [name, ticket] of [
        ['late', page.locator('.ticket.is-late')],
        ['changed', board.ticket(tonight.changed).root],
        ['cancelled', board.ticket(tonight.cancelled).root],
        ['rush', page.locator('.ticket:has(.badge-rush)')],
        ['held', page.locator('.ticket:has(.badge-held)')],
    ] as const) {
        const file = `${FOLDER}ticket-${name}.png`;
        await writeFile(file, withPalette(await ticket.first().screenshot({ animations: 'disabled' })));
    }
});

test('panels', async ({ board, page }) => {
    await openScreen(board, 'expo');
    await page.keyboard.press('a');
    await page.locator('#panel').getByRole('button', { name: /Cheeseburger/ }).click();
    await picture(board, 'all-day');
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.getByLabel('Number or name').fill('ma');
    await expect(page.locator('#panel')).toContainText('Max R');
    await picture(board, 'search');
});

test('lists', async ({ board, page }) => {
    await openScreen(board, 'expo');
    await page.keyboard.press('r');
    await expect(page.getByRole('dialog').getByText('Ben T')).toBeVisible();
    await picture(board, 'recall');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Scheduled/ }).click();
    await expect(page.getByRole('dialog').getByText('Clara N')).toBeVisible();
    await picture(board, 'scheduled');
});

test('details', async ({ board, page }) => {
    await openScreen(board, 'expo');
    await board.ticket(tonight.making).root.locator('.open').click();
    await expect(page.getByRole('dialog').locator('.timeline li').first()).toBeVisible();
    await picture(board, 'details');
});

test('keys, and teaching one', async ({ board, page }) => {
    await openScreen(board, 'expo');
    await page.keyboard.press('?');
    const list = page.getByRole('dialog', { name: 'Keys' });
    await expect(list).toBeVisible();
    await picture(board, 'keys');
    await list.getByRole('button', { name: 'Change Bump' }).click();
    await picture(board, 'keys-learn');
});

test('intake paused', async ({ board, page }) => {
    await openScreen(board, 'expo');
    await page.keyboard.press('i');
    await page.getByRole('button', { name: 'For 15 min', exact: true }).click();
    await expect(page.locator('.strip')).not.toHaveCount(0);
    await picture(board, 'intake');
});

test.describe(() => {
    test.use({ serviceWorkers: 'allow' });

    test('without a server, and opened without one', async ({ board, server, faults, page }) => {
        faults.allowLostConnections();
        await board.open();
        await board.isKept();
        await board.remembers(tonight.making.id);
        await server.kill();
        await board.says(/Reconnecting…/, 30_000);
        await board.ticket(tonight.late).bump();
        await board.ticket(tonight.late).waits('ready');
        // The ticket above has grown by what it says: nothing is pressed while that moves.
        await page.mouse.move(0, 0);
        await board.says(/Offline since .* 1 action waiting\./, 60_000);
        await board.ticket(tonight.making).bump();
        await board.says(/Offline since .* 2 actions waiting\./, 60_000);
        await picture(board, 'offline');
        await page.reload();
        await board.says(/^Offline since/, 30_000);
        await picture(board, 'opened-offline');
    });
});

test('screens and their form', async ({ board, page }) => {
    await page.goto('/screens');
    await picture(board, 'screens');
    await page.goto('/screens/pass/edit');
    await expect(page.getByRole('complementary', { name: 'Legibility' })).toBeVisible();
    await picture(board, 'screen-form');
});

test('a new order', async ({ board, page }) => {
    await page.goto('/screens/expo');
    await board.isLive();
    await page.keyboard.press('n');
    for (const line of ['2 cheeseburger, no onion, + bacon', 'fries', 'pad thai, sub tofu, sauce on the side']) {
        await page.getByRole('combobox', { name: 'Item' }).fill(line);
        await page.keyboard.press('Enter');
    }
    await page.getByLabel('Name').fill('Paula S');
    await page.getByLabel('peanut').check();
    await expect(page.getByRole('complementary', { name: 'Preview' })).toContainText('Paula S');
    await page.evaluate(() => scrollTo(0, 0));
    await picture(board, 'new-order');
});
