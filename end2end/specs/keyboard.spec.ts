/** The board works without a pointer, and focus stays with the order. */

import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';
import type { FoodOrder } from '../fixtures/orders';
import type { Server } from '../fixtures/server';

test('a ticket is bumped with the keyboard alone', async ({ board, server }) => {
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await board.ticket(accepted).bumpButton.focus();
    await board.page.keyboard.press('Enter');
    await board.has(accepted, 'Preparing');
    await board.ticket(accepted).isSettled();

    await board.ticket(accepted).bumpButton.focus();
    await board.page.keyboard.press('Enter');
    await board.has(accepted, 'Ready');
    await board.ticket(accepted).isSettled();
    await board.page.keyboard.press('z');
    await board.has(accepted, 'Preparing');
});

test('focus stays on its order while others come and go', async ({ board, server }) => {
    const before = await server.move(await server.place(order()), 'accepted');
    const mine = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await board.ticket(mine).bumpButton.focus();

    const after = await server.place(order({ rush: true }));
    await server.move(before, 'preparing');
    await board.has(after, 'New');
    await board.has(before, 'Preparing');
    await expect(board.ticket(mine).bumpButton).toBeFocused();
});

/** A screen that is there before the test begins. */
async function keep(server: Server, name: string, profile: object): Promise<void> {
    const answer = await fetch(new URL(`/api/screens/${name}`, server.url), {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(profile),
    });
    expect(answer.status, await answer.text()).toBe(201);
}

const slot = (page: Page, number: number) => page.locator(`#slots > [data-slot="${number}"]`);

async function started(server: Server, count: number): Promise<FoodOrder[]> {
    const orders: FoodOrder[] = [];
    for (let at = 0; at < count; at += 1) {
        orders.push(
            await server.move(
                await server.place(
                    order({
                        items: [
                            { name: 'Cheeseburger', quantity: 1 },
                            { name: 'Fries', quantity: 2 },
                        ],
                    }),
                ),
                'accepted',
            ),
        );
    }
    return orders;
}

test('a digit selects its slot, and another key bumps it', async ({ board, page, server }) => {
    const [, second] = await started(server, 3);
    if (!second) throw new Error('no orders');
    await board.open('?view=grid');
    await expect(slot(page, 2)).toBeVisible();
    await page.keyboard.press('2');
    await expect(slot(page, 2)).toHaveAttribute('aria-current', 'true');
    await expect(slot(page, 2)).toBeFocused();
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await server.read(second.id)).status).toBe('preparing');
    // It follows its order, whatever comes before it.
    await server.place(order({ rush: true }));
    await expect(slot(page, 3)).toHaveAttribute('aria-current', 'true');
    await expect(slot(page, 3)).toBeFocused();
    await board.ticket(second).isSettled();
    await page.keyboard.press('NumpadEnter');
    await expect.poll(async () => (await server.read(second.id)).status).toBe('ready');
    // It can be taken back when the server has said so.
    await expect(page.locator('#undo')).toBeVisible();
    await page.keyboard.press('Backspace');
    await expect.poll(async () => (await server.read(second.id)).status).toBe('preparing');
    await page.keyboard.press('Escape');
    await expect(page.locator('.ticket[aria-current]')).toHaveCount(0);
});

test('with nothing selected, bump takes the first slot; control only on a bump bar', async ({ board, page, server }) => {
    const [first] = await started(server, 2);
    if (!first) throw new Error('no orders');
    await board.open('?view=grid');
    await expect(slot(page, 1)).toBeVisible();
    await page.keyboard.press('ControlLeft');
    await page.keyboard.press('Space');
    await expect.poll(async () => (await server.read(first.id)).version).toBe(first.version + 1);
    await keep(server, 'bar', { view: 'grid', bump_bar: true });
    await page.goto('/screens/bar');
    await board.isLive();
    await page.keyboard.press('ControlLeft');
    await expect.poll(async () => (await server.read(first.id)).status).toBe('ready');
});

test('where the screen says so, a digit bumps, and shift takes back', async ({ board, page, server }) => {
    const [, second] = await started(server, 2);
    if (!second) throw new Error('no orders');
    await keep(server, 'expo', { role: 'expo', digits: 'bump' });
    await page.goto('/screens/expo');
    await board.isLive();
    await expect(slot(page, 2)).toBeVisible();
    await page.keyboard.press('2');
    await expect.poll(async () => (await server.read(second.id)).status).toBe('preparing');
    await board.ticket(second).isSettled();
    await page.keyboard.press('2');
    await expect.poll(async () => (await server.read(second.id)).status).toBe('ready');
    await board.ticket(second).isSettled();
    await expect(board.ticket(second).root.getByRole('button', { name: /^Recall/ })).toBeVisible();
    await page.keyboard.press('Shift+2');
    await expect.poll(async () => (await server.read(second.id)).status).toBe('preparing');
});

test('arrows go through tickets, items and pages', async ({ board, page, server }) => {
    await started(server, 30);
    await board.open('?view=grid');
    await expect(slot(page, 1)).toBeVisible();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect(slot(page, 2)).toHaveAttribute('aria-current', 'true');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('x');
    await expect(slot(page, 2).locator('[data-act^="item-"]').nth(1)).toHaveAttribute('aria-pressed', 'true');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await expect(page.getByText(/^Page (\d+)\/\1$/)).toBeVisible();
    await expect(page.locator('#slots > .ticket').last()).toHaveAttribute('aria-current', 'true');
    await page.keyboard.press('Home');
    await expect(page.getByText(/^Page 1\//)).toBeVisible();
    await page.keyboard.press('PageDown');
    await expect(page.getByText(/^Page 2\//)).toBeVisible();
    await page.keyboard.press('End');
    await expect(page.getByText(/^Page (\d+)\/\1$/)).toBeVisible();
});

test('keys select in lanes too, and change the view for good', async ({ board, page, server }) => {
    const [first] = await started(server, 2);
    if (!first) throw new Error('no orders');
    await board.open();
    await page.keyboard.press('ArrowRight');
    await expect(board.ticket(first).root.locator('xpath=..')).toHaveAttribute('aria-current', 'true');
    await page.keyboard.press('Enter');
    await board.has(first, 'Preparing');
    await page.keyboard.press('g');
    await expect(slot(page, 1)).toBeVisible();
    await page.reload();
    await board.isLive();
    await expect(slot(page, 1)).toBeVisible();
    await page.keyboard.press('c');
    await board.has(first, 'Preparing');
    await page.keyboard.press('r');
    await expect(page.getByRole('dialog', { name: 'Closed today' })).toBeVisible();
});

test('the list of keys teaches a screen another key', async ({ board, page, server }) => {
    const [first] = await started(server, 1);
    if (!first) throw new Error('no orders');
    await keep(server, 'grill', { view: 'grid', title: 'Grill' });
    await page.goto('/screens/grill');
    await board.isLive();
    await page.keyboard.press('?');
    const list = page.getByRole('dialog', { name: 'Keys' });
    await list.getByRole('button', { name: 'Change Bump' }).click();
    await expect(list.getByText('Press your key for Bump now.')).toBeVisible();
    await page.keyboard.press('F9');
    await expect(list.getByRole('listitem').filter({ hasText: /^Bump/ }).locator('kbd')).toHaveText(['F9']);
    await expect
        .poll(async () => (await (await fetch(new URL('/api/screens/grill', server.url))).json()) as object)
        .toMatchObject({ version: 2, title: 'Grill', keys: { bump: 'F9' } });
    await page.keyboard.press('Escape');
    await expect(list).toBeHidden();
    await page.keyboard.press('Enter');
    await page.keyboard.press('F9');
    await expect.poll(async () => (await server.read(first.id)).version).toBe(first.version + 1);
    // The profile says so to whoever opens it next.
    await page.reload();
    await board.isLive();
    await board.ticket(first).isSettled();
    await page.keyboard.press('F9');
    await expect.poll(async () => (await server.read(first.id)).status).toBe('ready');
});

test('a device remembers its keys where there is no screen; off is off', async ({ board, page, server }) => {
    const [first] = await started(server, 1);
    if (!first) throw new Error('no orders');
    await board.open('?view=grid');
    await page.getByRole('button', { name: 'Keys' }).click();
    await page.getByRole('button', { name: 'Change Bump' }).click();
    await page.keyboard.press('b');
    await page.reload();
    await board.isLive();
    await page.keyboard.press('b');
    await expect.poll(async () => (await server.read(first.id)).status).toBe('preparing');
    await board.ticket(first).isSettled();
    await page.keyboard.press('F1');
    await page.getByRole('button', { name: 'Switch single keys off' }).click();
    await page.keyboard.press('Escape');
    await page.keyboard.press('b');
    await page.keyboard.press('1');
    await expect(page.locator('.ticket[aria-current]')).toHaveCount(0);
    expect((await server.read(first.id)).status).toBe('preparing');
});

test('keys mean nothing while somebody types', async ({ board, page, server }) => {
    const [first] = await started(server, 1);
    if (!first) throw new Error('no orders');
    await board.open('?view=grid');
    await page.evaluate(() => {
        const field = document.createElement('input');
        document.querySelector('.second')?.append(field);
        field.focus();
    });
    await page.keyboard.type('1 fz');
    await page.keyboard.press('Enter');
    await expect(page.locator('.second input')).toHaveValue('1 fz');
    await expect(page.locator('.ticket[aria-current]')).toHaveCount(0);
    await expect(page.getByRole('button', { name: 'Freeze', exact: true })).toBeVisible();
    expect((await server.read(first.id)).version).toBe(first.version);
});

test('O prints the selected ticket and nothing else', async ({ board, page, server }) => {
    const [first, second] = await started(server, 2);
    if (!first || !second) throw new Error('no orders');
    await page.addInitScript(() => {
        window.print = () => {
            document.title = document.querySelector('[data-print] h3')?.textContent ?? 'nothing';
        };
    });
    await board.open('?view=grid');
    await page.keyboard.press('o');
    await page.keyboard.press('1');
    await page.keyboard.press('o');
    await expect(page).toHaveTitle(new RegExp(String(first.number)));
    await expect(page.locator('[data-print]')).toHaveCount(0);
});
