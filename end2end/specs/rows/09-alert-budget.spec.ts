/** A screen counts its sounds, and says when they are more than anybody heeds. */

import { Ear, startScreen } from '../../fixtures/audio';
import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

const intake = '[data-act="intake"]#intake';

test('row 9: a screen says how often it has sounded in the last hour, and a reload does not forget it', async ({
    board,
    page,
    server,
}) => {
    const ear = await Ear.of(page);
    await board.open();
    await startScreen(page);
    await page.locator(intake).click();
    await expect(page.getByText('0 sounds in the last hour')).toBeVisible();
    await server.place(order());
    await expect.poll(() => ear.heard()).toEqual(['new']);
    await expect(page.getByText('1 sound in the last hour')).toBeVisible();
    await page.reload();
    await board.isLive();
    await page.locator(intake).click();
    await expect(page.getByText('1 sound in the last hour')).toBeVisible();
});

test('row 9: more than sixty an hour are too many, and the board says what to change', async ({ board, page, server }) => {
    await Ear.of(page);
    await server.keepScreen('expo', { role: 'expo', view: 'columns' });
    await page.addInitScript(() => {
        const heard = (what: string, minutes: number) => `${what} ${Date.now() - minutes * 60_000};`;
        const new61 = Array.from({ length: 61 }, () => heard('new', 30)).join('');
        // What was heard before the last hour counts no more.
        localStorage.setItem('heard-on-expo', heard('late', 61) + new61 + heard('answer', 1));
    });
    await page.goto('/screens/expo');
    await board.isLive();
    await page.locator(intake).click();
    await expect(page.getByText('62 sounds in the last hour')).toBeVisible();
    await expect(page.getByText('That is more than anybody heeds.')).toBeVisible();
    await expect(page.getByText(/^Most often: an order comes \(61×\)\. Switch it off where nobody needs it/)).toBeVisible();
    await page.getByRole('link', { name: 'Change this screen’s sounds' }).click();
    await expect(page).toHaveURL(/\/screens\/expo\/edit#sounds$/);
    await expect(page.getByRole('group', { name: 'A sound when' })).toBeInViewport();
});
