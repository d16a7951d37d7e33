/** What a device keeps belongs to whoever was logged in on it. */

import { execFileSync } from 'node:child_process';

import { Board } from '../board';
import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';
import { BINARY, type Server } from '../fixtures/server';
import { stranger } from '../fixtures/stranger';

const PASSWORD = 'another horse battery';

function letIn(server: Server, name: string): void {
    const create = ['user', 'create', name, '--role', 'expo', '--password-stdin', '--data', server.data];
    execFileSync(BINARY, create, { input: `${PASSWORD}\n`, cwd: server.data });
}

test('what waits is carried out for nobody else, and their boards are forgotten', async ({ page, server, board }) => {
    letIn(server, 'Mo');
    await page.goto('/');
    await board.isLive();
    await page.evaluate(() => {
        localStorage.setItem('outbox/of-another-time/1', 'what was done');
        localStorage.setItem('known//grill', 'what was shown');
        localStorage.setItem('sound', 'on');
    });
    const kept = () => page.evaluate(() => Object.keys(localStorage).filter((key) => !key.startsWith('known')).sort());
    const logIn = async (name: string, password: string) => {
        await page.context().clearCookies();
        await page.goto('/login');
        await page.getByLabel('Name').fill(name);
        await page.getByLabel('Password').fill(password);
        await page.getByRole('button', { name: 'Log in' }).click();
        await expect(page.locator('[data-page="board"]')).toBeVisible();
        await expect.poll(() => page.evaluate(() => localStorage.getItem('person'))).toMatch(/^user-/);
    };
    const first = await page.evaluate(() => localStorage.getItem('person'));
    await expect(async () => logIn('Mo', PASSWORD)).toPass();
    await expect.poll(() => page.evaluate(() => localStorage.getItem('person'))).not.toBe(first);
    expect(await kept()).toContain(`aside/${first}/outbox/of-another-time/1`);
    expect(await kept()).toContain('sound');
    expect(await page.evaluate(() => localStorage.getItem('known//grill'))).toBeNull();
    const { length } = await kept();
    // Whoever it was for finds it again: as their own, which the board then looks through.
    await logIn('api', 'correct horse battery');
    await expect.poll(() => page.evaluate(() => localStorage.getItem('person'))).toBe(first);
    expect((await kept()).filter((key) => key.startsWith('aside'))).toEqual([]);
    expect(length).toBeGreaterThan(0);
});

test('a screen tells of itself by its own name, whoever is logged in on it', async ({ page, server, board }) => {
    letIn(server, 'Mo');
    await server.keepScreen('pass', { title: 'Pass' });
    await page.context().clearCookies();
    await expect(async () => {
        await page.goto('/login?next=/screens/pass');
        await page.getByLabel('Name').fill('Mo');
        await page.getByLabel('Password').fill(PASSWORD);
        await page.getByRole('button', { name: 'Log in' }).click();
        await expect(page).toHaveURL(/\/screens\/pass$/);
    }).toPass();
    await board.isLive();
    const seen = page.waitForRequest('**/api/seen');
    const placed = await server.place(order());
    expect((await seen).postDataJSON()).toMatchObject({ screen: 'pass', orders: [placed.id] });
    // What they do there is theirs.
    await board.ticket(placed).bump();
    await expect.poll(async () => (await server.read(placed.id)).last_change.actor?.id).toBe('Mo');
});

test('a screen that is let in again as another one goes there, in every tab', async ({ browser, network, page, server, faults }) => {
    faults.allow(/401/, /Failed to load resource/);
    for (const name of ['grill', 'expo']) await server.keepScreen(name, { view: 'columns' });
    const context = await stranger(browser, network.url);
    const device = await context.newPage();
    await device.goto('/pair');
    const approve = async (code: string, screen: string) => {
        await page.goto(`/access/approve?code=${code}`);
        await page.getByLabel('It shows').selectOption(screen);
        await page.getByRole('button', { name: 'Let it in' }).click();
        await expect(page.getByRole('status')).toContainText('The screen is let in');
    };
    await approve((await device.locator('.code').textContent()) ?? '', 'grill');
    await expect(device).toHaveURL(/\/screens\/grill$/, { timeout: 30_000 });
    const another = await context.newPage();
    await another.goto('/screens/grill');
    for (const tab of [device, another]) await new Board(tab).isLive();
    await page.goto('/access/screens');
    await page.getByRole('button', { name: 'Let in no longer grill' }).click();
    await expect(page.getByRole('status')).toContainText('let in no longer');
    for (const tab of [device, another]) await expect(tab.locator('.locked-out .code')).toBeVisible({ timeout: 30_000 });
    await approve((await another.locator('.locked-out .code').textContent()) ?? '', 'expo');
    for (const tab of [device, another]) await expect(tab).toHaveURL(/\/screens\/expo$/, { timeout: 30_000 });
    await context.close();
});
