/** axe finds nothing to complain about on any view, in any theme and language. */

import { expect, test } from '../fixtures';
import { complaints, complaintsOfColour } from '../fixtures/axe';
import { LANGUAGES, busyKitchen, each } from '../fixtures/views';

for (const language of LANGUAGES) {
    test.describe(`axe, ${language}`, () => {
        // Many views, looked at whole: as long as that takes on a slow machine.
        test.setTimeout(240_000);

        test('every view, panel and dialog, dark and light', async ({ page, server }) => {
            const kitchen = await busyKitchen(server, language);
            await each(page, kitchen, async ({ name }) => {
                expect.soft(await complaints(page), `${name}, dark`).toEqual([]);
                await page.emulateMedia({ colorScheme: 'light' });
                expect.soft(await complaintsOfColour(page), `${name}, light`).toEqual([]);
                await page.emulateMedia({ colorScheme: 'dark' });
            });
        });
    });
}

test('axe: an order that was long on its way, and a paused intake', async ({ page, server, board }) => {
    await server.place({ items: [{ name: 'Soup', quantity: 1 }], source: { channel: 'web', placed_at: Date.now() - 90_000 } });
    await server.ask('PUT', '/api/intake', { state: 'paused', minutes: 30, reason: 'Oven broken' });
    await board.open();
    await expect(page.locator('#paused')).toContainText('Intake paused until');
    expect(await complaints(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await complaintsOfColour(page)).toEqual([]);
});
