import { expect, test } from '../../fixtures';
import { order, refusal } from '../../fixtures/orders';

const chip = '[data-act="intake"]';

test('row 19: a pause always has an end, and is seen to count down on every screen', async ({ board, anotherBoard, page, server }) => {
    const other = await anotherBoard();
    await board.open();
    await other.open();
    await expect(page.locator(chip)).toContainText('Open');
    await page.locator(chip).click();
    await page.getByLabel('Reason (optional)').fill('Oven is out');
    await page.getByRole('button', { name: 'For 15 min', exact: true }).click();

    for (const screen of [page, other.page]) {
        await expect(screen.getByText(/^Intake paused until \d\d:\d\d – Oven is out$/)).toBeVisible();
        await expect(screen.locator(chip)).toContainText(/Paused\s*1[45]:\d\d/);
    }
    const shown = await page.locator(chip).innerText();
    await expect(page.locator(chip)).not.toHaveText(shown);
    const refused = await server.ask('POST', '/api/orders', order());
    expect([refused.status, refused.body['code']]).toEqual([503, 'intake_paused']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);

    // No way to pause without an end.
    expect((await server.ask('PUT', '/api/intake', { state: 'paused' })).status).toBe(422);

    await other.page.getByRole('button', { name: 'Resume' }).click();
    for (const screen of [page, other.page]) {
        await expect(screen.getByText(/^Intake paused/)).toBeHidden();
        await expect(screen.locator(chip)).toContainText('Open');
    }
    await board.has(await server.place(order()), 'New');
});

test('row 19: a kitchen that is busy promises later, and not for ever', async ({ board, page, server }) => {
    await board.open();
    await page.locator(chip).click();
    await page.getByRole('button', { name: '+20 min, for 30 min' }).click();
    await expect(page.locator(chip)).toContainText(/Busy \+20\s*(29|30):\d\d/);
    const { body } = await server.ask('GET', '/api/intake');
    expect(body).toMatchObject({ state: 'busy', extra_min: 20 });
    expect(body['until']).toBeGreaterThan(Date.now());
});

test('row 19: a switch that was not moved says why', async ({ board, page, faults }) => {
    faults.allow(/Failed to load resource/);
    await board.open();
    await page.route('**/api/intake', (route) => route.fulfill(refusal('The disk is full.')));
    await page.locator(chip).click();
    await page.getByRole('button', { name: 'For 30 min', exact: true }).click();
    await expect(page.getByRole('alert').filter({ hasText: 'The disk is full.' })).toBeVisible();
    await expect(page.locator(chip)).toContainText('Open');
    await expect(page.getByText(/^Intake paused/)).toBeHidden();
});
