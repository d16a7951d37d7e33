/** A screen's quiet hours: only alarms sound, and those more softly. */

import type { Page } from '@playwright/test';

import { Ear, soundChip } from '../../fixtures/audio';
import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

test.use({
    serverOptions: {
        env: {
            LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000',
            LIVE_ORDERS_ORDERS_TIME_ZONE: 'UTC',
            LIVE_ORDERS_KITCHEN_UNSEEN_AFTER_S: '3600',
        },
    },
});

/** The time of day so many hours from now. */
const hour = (from: number) => new Date(Date.now() + from * 3_600_000).toISOString().slice(11, 16);

/** What the page's script is told to play, and how loud. */
async function commands(page: Page): Promise<() => Promise<string[]>> {
    await page.addInitScript(() => {
        const told: string[] = ((window as unknown as { told: string[] }).told = []);
        addEventListener('live-orders:screen', (event) => told.push((event as CustomEvent<string>).detail));
    });
    return async () =>
        (await page.evaluate(() => (window as unknown as { told: string[] }).told)).filter((it) => it.startsWith('play'));
}

test('row 8: in its quiet hours a screen sounds for alarms alone, at half the volume', async ({ board, page, server }) => {
    await Ear.of(page);
    const told = await commands(page);
    const until = hour(2);
    await server.keepScreen('expo', {
        role: 'expo',
        view: 'columns',
        volume: 80,
        quiet_hours: { from: hour(-2), until },
    });
    await page.goto('/screens/expo');
    await board.isLive();
    await soundChip(page).click();
    await expect(soundChip(page)).toHaveText(`Quiet until ${until}`);
    const placed = await server.place(order());
    const made = await server.move(await server.place(order()), 'accepted', 'preparing', 'ready');
    await board.has(placed, 'New');
    await board.has(made, 'Ready');
    await server.cancel(await server.move(placed, 'accepted', 'preparing'), 'gone');
    await expect.poll(told, { timeout: 15_000 }).toEqual(['play cancelled 40']);
});

test('row 8: outside of its quiet hours a screen sounds as ever', async ({ board, page, server }) => {
    await Ear.of(page);
    const told = await commands(page);
    // Over midnight, or over noon, whatever time it is.
    await server.keepScreen('expo', { role: 'expo', view: 'columns', quiet_hours: { from: hour(2), until: hour(-2) } });
    await page.goto('/screens/expo');
    await board.isLive();
    await soundChip(page).click();
    await expect(soundChip(page)).toContainText('Sound on');
    await server.place(order());
    await expect.poll(told).toEqual(['play new 70']);
});

test('row 8: quiet hours are set in the form of the screen', async ({ page, server, faults }) => {
    faults.allow(/Failed to load resource/);
    await server.keepScreen('expo', { role: 'expo' });
    await page.goto('/screens/expo/edit');
    await page.getByLabel('From', { exact: true }).fill('22:00');
    await page.getByRole('button', { name: 'Save screen' }).click();
    await expect(page.getByText('is required').first()).toBeVisible();
    await page.getByLabel('Until', { exact: true }).fill('06:30');
    await page.getByRole('button', { name: 'Save screen' }).click();
    await expect(page).toHaveURL(/\/screens(\?|$)/);
    const { body } = await server.ask('GET', '/api/screens/expo');
    expect(body['quiet_hours']).toEqual({ from: '22:00', until: '06:30' });
});
