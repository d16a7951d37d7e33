/** Screens are made, copied, changed and opened in the browser. */

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';
import type { Server } from '../fixtures/server';

const grill = order({ items: [{ name: 'Cheeseburger', quantity: 1, station: 'grill' }] });
const bar = order({ items: [{ name: 'Iced tea', quantity: 1, station: 'bar' }] });

async function complaints(page: Page): Promise<string[]> {
    const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .analyze();
    return violations.flatMap(({ id, help, nodes }) =>
        nodes.map((node) => `${id} (${help}): ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
    );
}

/** A screen that is there before the test begins. */
async function keep(server: Server, name: string, profile: object): Promise<void> {
    const answer = await fetch(new URL(`/api/screens/${name}`, server.url), {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(profile),
    });
    expect(answer.status, await answer.text()).toBe(201);
}

const sticksOut = (page: Page) =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test('a screen reads out as much as it is told to', async ({ server, anotherBoard }) => {
    const said: Record<string, string[]> = {};
    const boards = [];
    for (const announce of ['off', 'new', 'all']) {
        await keep(server, `says-${announce}`, { view: 'columns', announce });
        const board = await anotherBoard();
        await board.page.goto(`/screens/says-${announce}`);
        await board.isLive();
        const heard: string[] = (said[announce] = []);
        await board.page.exposeFunction('heard', (text: string) => heard.push(text));
        await board.page.evaluate(() => {
            const polite = document.getElementById('polite');
            const { heard } = window as unknown as { heard: (text: string) => void };
            new MutationObserver(() => heard(polite?.textContent ?? '')).observe(polite as Node, { childList: true, subtree: true, characterData: true });
        });
        boards.push(board);
    }
    const placed = await server.place(order());
    await server.move(placed, 'accepted', 'preparing');

    await expect.poll(() => said.all?.join(' ')).toMatch(new RegExp(`New order ${placed.number}.*Order ${placed.number} is being made`));
    await expect.poll(() => said.new?.join(' ')).toContain(`New order ${placed.number}`);
    for (const board of boards) await board.has(placed, 'Preparing');
    expect(said.new?.join(' ')).not.toContain('being made');
    expect(said.off).toEqual([]);
});

test('a screen is made from the board, and opened', async ({ page, server, board }) => {
    const burger = await server.place(grill);
    await server.place(bar);
    await board.open();
    await page.getByRole('link', { name: 'Screens' }).click();
    await expect(page.getByRole('heading', { name: 'No screen yet' })).toBeVisible();
    await page.getByRole('link', { name: /^Prep/ }).click();
    await page.getByLabel('Title', { exact: true }).fill('Hot side');
    await page.getByLabel('Name', { exact: true }).fill('hot-side');
    // The stations of the orders that are open are offered.
    await page.getByRole('group', { name: 'Stations' }).getByLabel('grill').check();
    await page.getByRole('radio', { name: /^Columns/ }).check();
    await page.getByRole('button', { name: 'Save screen' }).click();

    await expect(page.getByRole('status')).toContainText('Hot side saved');
    await page.getByRole('link', { name: 'Open Hot side' }).click();
    await board.isLive();
    await expect(page).toHaveTitle(/^Hot side · main/);
    await expect(page.getByRole('heading', { name: 'Hot side', level: 1 })).toBeVisible();
    await board.holdsExactly([burger]);
    // What comes later is filtered too.
    await server.place(bar);
    const later = await server.place(grill);
    await board.holdsExactly([burger, later]);
});

test('a screen is copied, and the copy changed', async ({ page, server }) => {
    await keep(server, 'grill', { title: 'Grill', stations: ['grill'], distance_m: 1.5 });
    await page.goto('/screens');
    await page.getByRole('link', { name: 'Copy Grill' }).click();
    await expect(page.getByLabel('Name', { exact: true })).toHaveValue('grill-2');
    await expect(page.getByLabel('Distance')).toHaveValue('1.5');
    await page.getByLabel('Other stations').fill('fry');
    await page.getByRole('button', { name: 'Save screen' }).click();
    await page.getByRole('link', { name: 'Edit Grill 2' }).click();
    await expect(page.getByLabel('fry', { exact: true })).toBeChecked();
    await page.getByLabel('grill', { exact: true }).uncheck();
    await page.getByRole('radio', { name: 'Dark' }).check();
    await page.getByRole('button', { name: 'Save screen' }).click();
    const saved = (await (await fetch(new URL('/api/screens/grill-2', server.url))).json()) as Record<string, unknown>;
    expect(saved).toMatchObject({ version: 2, title: 'Grill 2', stations: ['fry'], theme: 'dark' });
});

test('what is wrong stands beside its field, and nothing typed is lost', async ({ page, faults }) => {
    faults.allow(/Failed to load resource.*422/);
    await page.goto('/screens/new');
    await page.getByLabel('Name', { exact: true }).fill('Hot Side');
    await page.getByLabel('Title', { exact: true }).fill('Hot');
    await page.getByRole('button', { name: 'Save screen' }).click();
    await expect(page.getByRole('alert').getByRole('link', { name: 'Name' })).toBeVisible();
    const name = page.getByLabel('Name', { exact: true });
    await expect(name).toHaveAccessibleDescription(/lower-case letters/);
    await expect(name).toHaveValue('Hot Side');
    await expect(page.getByLabel('Title', { exact: true })).toHaveValue('Hot');
    await name.fill('hot-side');
    await page.getByRole('button', { name: 'Save screen' }).click();
    await expect(page.getByRole('status')).toContainText('Hot saved');
});

test('of two who change a screen the second is told, and saves again', async ({ page, server, faults }) => {
    faults.allow(/Failed to load resource.*409/);
    await keep(server, 'fry', {});
    await page.goto('/screens/fry/edit');
    await fetch(new URL('/api/screens/fry', server.url), {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ title: 'Theirs', expected_version: 1 }),
    });
    await page.getByLabel('Title', { exact: true }).fill('Mine');
    await page.getByRole('button', { name: 'Save screen' }).click();
    await expect(page.getByRole('alert')).toContainText('Somebody else has changed this screen');
    await page.getByRole('button', { name: 'Save screen' }).click();
    await expect(page.getByRole('status')).toContainText('Mine saved');
});

test('row 16: text that is too small for the distance is warned of while typing, and on the board', async ({
    page,
    server,
    board,
}) => {
    await server.place(grill);
    await page.setViewportSize({ width: 1920, height: 1080 });
    await page.goto('/screens/new?role=expo');
    await page.getByLabel('Name', { exact: true }).fill('far');
    const legibility = page.getByRole('complementary', { name: 'Legibility' });
    await expect(legibility).toContainText('comfortable to read from 1 m');
    await page.getByLabel('Diagonal').fill('23.8');
    await page.getByLabel('Distance').fill('2');
    await expect(legibility).toContainText('Item text is 58 px: comfortable to read from 2 m.');
    await page.getByLabel('Slots on a page').selectOption('20');
    const warning = 'Item text is 22 px; from 2 m on this screen it needs 47 px.';
    await expect(legibility).toContainText(warning);
    await expect(page.locator('#verdict-said')).toHaveText(warning);
    await page.getByRole('button', { name: 'Save screen' }).click();
    await expect(page.getByText(warning)).toBeVisible();
    await board.page.goto('/screens/far');
    await board.isLive();
    await expect(page.getByRole('link', { name: warning })).toBeVisible();
});

test('text is as large as the distance asks for', async ({ page, server, board }) => {
    await server.place(grill);
    await page.setViewportSize({ width: 1920, height: 1080 });
    const size = async (distance: number) => {
        await keep(server, `at-${distance * 10}`, { view: 'columns', diagonal_in: 31.5, distance_m: distance });
        await page.goto(`/screens/at-${distance * 10}`);
        await board.isLive();
        const name = board.tickets.first().locator('.name');
        return name.evaluate((element) => parseFloat(getComputedStyle(element).fontSize));
    };
    expect(await size(1)).toBeCloseTo(22, 0);
    expect(await size(1.5)).toBeCloseTo(33, 0);
});

test('row 16: from a phone to a wall nothing sticks out of a screen that is read from afar', async ({
    page,
    server,
    board,
}) => {
    // Seven boards and three times as many pages.
    test.slow();
    await server.place(order({ items: [{ name: 'Supercalifragilisticexpialidocious', quantity: 12, station: 'grill' }] }));
    await keep(server, 'far', { view: 'columns', distance_m: 2, title: 'A title that is rather long' });
    for (const width of [320, 390, 768, 1024, 1366, 1920, 3840]) {
        await page.setViewportSize({ width, height: 900 });
        await page.goto('/screens/far');
        await board.isLive();
        expect.soft(await sticksOut(page), `the board at ${width}`).toBeLessThanOrEqual(0);
        for (const path of ['/screens', '/screens/far/edit', '/screens/far/delete']) {
            await page.goto(path);
            expect.soft(await sticksOut(page), `${path} at ${width}`).toBeLessThanOrEqual(0);
        }
    }
});

test('the history of an order says at which screen it was done', async ({ page, server, board }) => {
    const placed = await server.place(grill);
    await keep(server, 'grill', { stations: ['grill'], view: 'columns' });
    await page.goto('/screens/grill');
    await board.isLive();
    await board.ticket(placed).bump();
    await board.ticket(placed).isSettled();
    await expect.poll(async () => (await server.read(placed.id)).status).toBe('accepted');
    await board.ticket(placed).item('Cheeseburger').click();
    await board.ticket(placed).isTicked('Cheeseburger', true);
    const answer = await fetch(new URL(`/api/orders/${placed.id}`, server.url));
    const { history } = (await answer.json()) as { history: { actor: { id: string } }[] };
    expect(history.slice(1).map(({ actor }) => actor.id)).toEqual(['grill', 'grill']);
});

test('a key of a bump bar is learned by its press', async ({ page, server }) => {
    await page.goto('/screens/new');
    await page.getByLabel('Name', { exact: true }).fill('bump');
    await page.getByText('Other keys').click();
    await page.getByLabel('Undo the last bump').focus();
    await page.keyboard.press('NumpadSubtract');
    await expect(page.getByLabel('Undo the last bump')).toHaveValue('NumpadSubtract');
    await page.getByRole('button', { name: 'Save screen' }).click();
    await expect(page.getByRole('status')).toContainText('Bump saved');
    const saved = (await (await fetch(new URL('/api/screens/bump', server.url))).json()) as { keys: object };
    expect(saved.keys).toEqual({ undo: 'NumpadSubtract' });
});

test('a screen is deleted only after a question', async ({ page, server }) => {
    await keep(server, 'grill', {});
    await page.goto('/screens');
    await page.getByRole('link', { name: 'Delete Grill' }).click();
    await expect(page.getByRole('heading', { name: 'Delete Grill?' })).toBeVisible();
    await page.getByRole('link', { name: 'Keep it' }).click();
    await expect(page.getByRole('link', { name: 'Open Grill' })).toBeVisible();
    await page.getByRole('link', { name: 'Delete Grill' }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await expect(page.getByRole('status')).toContainText('grill is deleted');
});

test('the name of no screen leads to those there are', async ({ page, server, faults }) => {
    faults.allow(/Failed to load resource.*404/);
    await keep(server, 'grill', {});
    await page.goto('/screens/gril');
    await expect(page.getByRole('heading', { name: 'There is no screen called “gril”' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Make gril' })).toBeVisible();
    await page.getByRole('link', { name: /^Grill/ }).click();
    await expect(page).toHaveTitle(/^Grill/);
});

test.describe('without JavaScript', () => {
    test.use({ javaScriptEnabled: false });

    test('a screen is made, changed and deleted by plain forms', async ({ page }) => {
        await page.goto('/screens/new?role=dispatch');
        await page.getByLabel('Name', { exact: true }).fill('door');
        await page.getByRole('group', { name: 'Services' }).getByLabel('Delivery').check();
        await page.getByLabel('Distance').fill('2');
        await page.getByRole('button', { name: 'Save screen' }).click();
        await expect(page.getByRole('status')).toContainText('Door saved');
        await page.getByRole('link', { name: 'Edit Door' }).click();
        await expect(page.getByRole('group', { name: 'Services' }).getByLabel('Delivery')).toBeChecked();
        await expect(page.getByRole('complementary', { name: 'Legibility' })).toContainText('from 2 m');
        await page.getByLabel('Title', { exact: true }).fill('Back door');
        await page.getByRole('button', { name: 'Save screen' }).click();
        await page.getByRole('link', { name: 'Delete Back door' }).click();
        await page.getByRole('button', { name: 'Delete' }).click();
        await expect(page.getByRole('heading', { name: 'No screen yet' })).toBeVisible();
    });
});

for (const colorScheme of ['dark', 'light'] as const) {
    for (const [device, viewport] of [
        ['wide', { width: 1600, height: 900 }],
        ['phone', { width: 390, height: 844 }],
    ] as const) {
        test.describe(`axe has no complaint, ${colorScheme}, ${device}`, () => {
            test.use({ colorScheme, viewport });

            test('of the list, empty and full', async ({ page, server }) => {
                await page.goto('/screens');
                expect(await complaints(page)).toEqual([]);
                await keep(server, 'grill', { stations: ['grill'], services: ['pickup'] });
                await keep(server, 'far', { view: 'columns', distance_m: 2 });
                await page.goto('/screens?saved=grill');
                expect(await complaints(page)).toEqual([]);
                await page.goto('/screens/grill/delete');
                expect(await complaints(page)).toEqual([]);
            });

            test('of the form, new, and with faults', async ({ page, server, faults }) => {
                faults.allow(/Failed to load resource.*422/);
                await server.place(grill);
                await page.goto('/screens/new');
                await page.getByText('Other keys').click();
                expect(await complaints(page)).toEqual([]);
                await page.getByLabel('Name', { exact: true }).fill('Not A Name');
                await page.getByLabel('Other stations').fill('x'.repeat(41));
                await page.getByRole('button', { name: 'Save screen' }).click();
                await expect(page.getByRole('alert')).toBeVisible();
                expect(await complaints(page)).toEqual([]);
            });

            test('of a screen that is not there', async ({ page, server, faults }) => {
                faults.allow(/Failed to load resource.*404/);
                await keep(server, 'grill', {});
                await page.goto('/screens/gril');
                expect(await complaints(page)).toEqual([]);
            });

            test('of a board that cannot be read from afar', async ({ page, server, board }) => {
                await server.place(grill);
                await keep(server, 'far', { view: 'columns', distance_m: 2, title: 'Grill' });
                await page.goto('/screens/far');
                await board.isLive();
                expect(await complaints(page)).toEqual([]);
            });
        });
    }
}

test('a screen whose profile was changed is loaded anew, and not under an open dialog', async ({
    board,
    page,
    server,
}) => {
    await page.clock.install();
    await server.keepScreen('pass', { title: 'Pass' });
    await page.goto('/screens/pass');
    await board.isLive();
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog')).toBeVisible();
    const changed = await server.ask('PUT', '/api/screens/pass', { title: 'Window', expected_version: 1 });
    expect(changed.status).toBe(200);
    const looked = page.waitForResponse(/\/api\/screens\/pass$/);
    await page.clock.fastForward(61_000);
    await looked;
    await expect(page.getByRole('dialog')).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Pass' })).toHaveCount(1);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('heading', { name: 'Window' })).toBeVisible({ timeout: 20_000 });
    await board.isLive(20_000);
});
