import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

const WARNING = 'Item text is 22 px; from 2 m on this screen it needs 47 px.';
/** What somebody has in view who hangs a screen up. */
const FAR = { role: 'expo', diagonal_in: 23.8, distance_m: 2, page_size: 20 };

test('row 16: a screen that cannot be read from where people stand says so, and what it needs', async ({
    board,
    page,
    server,
}) => {
    await server.place(order());
    await server.keepScreen('far', FAR);
    await server.keepScreen('roomy', { ...FAR, page_size: 4 });
    await server.keepScreen('near', { ...FAR, distance_m: 0.6 });
    await page.goto('/screens/far');
    await board.isLive();
    const warning = page.getByRole('link', { name: WARNING });
    await expect(warning).toBeVisible();
    // Where it leads, it can be put right.
    await warning.click();
    await expect(page.getByRole('complementary', { name: 'Legibility' })).toContainText(WARNING);
    // What is measured is shown by the form's script, as soon as it listens.
    await expect(page.locator('#this-device')).toBeVisible();
    await page.getByLabel('Distance').fill('0.6');
    await expect(page.getByRole('complementary', { name: 'Legibility' })).not.toContainText('it needs');
    for (const screen of ['roomy', 'near']) {
        await page.goto(`/screens/${screen}`);
        await board.isLive();
        await expect(page.locator('.far')).toHaveCount(0);
    }
});

test('row 16: no item is written smaller than 20 pixels, whatever the screen asks for', async ({
    board,
    page,
    server,
}) => {
    const placed = await server.place(order());
    await server.keepScreen('near', { ...FAR, diagonal_in: 55, distance_m: 0.3, page_size: 20 });
    for (const width of [320, 1366, 1920]) {
        await page.setViewportSize({ width, height: 900 });
        await page.goto('/screens/near');
        await board.isLive();
        const name = board.ticket(placed).root.locator('.name').first();
        const size = await name.evaluate((it) => parseFloat(getComputedStyle(it).fontSize));
        expect(size, `at ${width} pixels`).toBeGreaterThanOrEqual(20);
    }
});

test('row 16: the warning is in the language of the screen', async ({ board, page, server }) => {
    await server.keepScreen('weit', { ...FAR, language: 'de' });
    await page.goto('/screens/weit');
    await board.isLive();
    await expect(page.locator('.far')).toContainText('aus 2 m Abstand braucht dieser Bildschirm 47 px');
});
