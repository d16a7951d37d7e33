import { Ear, soundChip, startScreen } from '../../fixtures/audio';
import { expect, test } from '../../fixtures';
import { at, order } from '../../fixtures/orders';

test('row 8: one tap starts a screen, and nothing waits for it', async ({ board, page, server }) => {
    const ear = await Ear.of(page);
    await server.keepScreen('grill', { role: 'prep', stations: ['grill'], view: 'columns' });
    const first = await server.place(at('grill'));
    await page.goto('/screens/grill');
    await board.isLive();
    // Not behind the gate: it can be worked with at once.
    await board.ticket(first).bump();
    await board.ticket(first).isSettled();
    await expect(page.getByText('This screen is silent')).toBeVisible();

    await page.locator('[data-act="start-screen"]').click();
    await expect(soundChip(page)).toContainText('Sound on');
    await expect(page.getByText('This screen is silent')).toBeHidden();
    await expect.poll(() => page.evaluate(() => document.fullscreenElement !== null)).toBe(true);
    await server.place(at('grill'));
    await expect.poll(() => ear.heard()).toEqual(['new']);
    // A screen that loads itself anew needs nobody.
    await page.reload();
    await expect(soundChip(page)).toContainText('Sound on');
    await expect(page.getByText('This screen is silent')).toBeHidden();
});

test('row 8: a browser that lets nothing sound is not quiet but BLOCKED', async ({ board, page, server }) => {
    const ear = await Ear.of(page, true);
    await page.clock.install();
    await board.open();
    await soundChip(page).click();
    await expect(soundChip(page)).toContainText('Sound BLOCKED');
    await expect(soundChip(page)).toContainText('tap');
    await server.place(order());
    await expect(board.tickets).toHaveCount(1);
    expect(await ear.heard()).toEqual([]);
    await ear.allow();
    // The page may sound as soon as the button is down, and the tap ends after that.
    await soundChip(page).click();
    await expect(soundChip(page)).toContainText('Sound on');
    // One that comes later is meant to mute it.
    await page.clock.runFor(2_000);
    await soundChip(page).click();
    await expect(soundChip(page)).toContainText('Muted');
});

test('row 8: a key does for a blocked screen what a tap does', async ({ board, page }) => {
    const ear = await Ear.of(page, true);
    await board.open();
    await soundChip(page).click();
    await expect(soundChip(page)).toContainText('Sound BLOCKED');
    await ear.allow();
    await soundChip(page).press('Enter');
    await expect(soundChip(page)).toContainText('Sound on');
});

test('row 8: a screen that nobody started says so when it should have rung', async ({ board, page, server }) => {
    await Ear.of(page);
    await board.open();
    await expect(soundChip(page)).toContainText('Start screen');
    await server.place(order());
    await expect(soundChip(page)).toContainText('Sound BLOCKED');
});

test('row 8: where the device may go to sleep, the chip says so', async ({ board, page }) => {
    await Ear.of(page);
    // As on plain HTTP in the kitchen's network.
    await page.addInitScript(() => Object.defineProperty(navigator, 'wakeLock', { value: undefined }));
    await board.open();
    await startScreen(page);
    await expect(soundChip(page)).toContainText('screen may sleep');
});

test('row 8: the screen is kept awake again when it is looked at again', async ({ board, page }) => {
    await Ear.of(page);
    await page.addInitScript(() => {
        const asked = window as unknown as { asked: number };
        asked.asked = 0;
        let held: EventTarget & { released: boolean };
        const request = async () => {
            asked.asked += 1;
            held = Object.assign(new EventTarget(), { released: false });
            return held;
        };
        Object.defineProperty(navigator, 'wakeLock', { value: { request } });
        window.addEventListener('test:hidden', () => {
            held.released = true;
            held.dispatchEvent(new Event('release'));
        });
    });
    await board.open();
    await startScreen(page);
    await expect(soundChip(page)).not.toContainText('screen may sleep');
    await page.evaluate(() => window.dispatchEvent(new Event('test:hidden')));
    await expect(soundChip(page)).toContainText('screen may sleep');
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await expect(soundChip(page)).not.toContainText('screen may sleep');
    expect(await page.evaluate(() => (window as unknown as { asked: number }).asked)).toBe(2);
});

test('row 8: an order that wants an answer rings on all screens until one acts', async ({ board, anotherBoard, server }) => {
    const other = await anotherBoard();
    const ears = [await Ear.of(board.page), await Ear.of(other.page)];
    for (const { page } of [board, other]) await page.clock.install();
    await board.open();
    await other.open();
    for (const { page } of [board, other]) await startScreen(page);
    const placed = await server.place(order({ source: { channel: 'web', accept_by: Date.now() + 600_000 } }));
    for (const ear of ears) await expect.poll(() => ear.count('answer'), { timeout: 15_000 }).toBeGreaterThan(1);

    await board.ticket(placed).bump();
    for (const { page } of [board, other]) {
        await expect(page.locator('.lane-preparing, .lane-new').getByRole('button', { name: /Start/ }).first()).toBeVisible();
        // The second in which it may still ring.
        await page.clock.runFor(2_000);
    }
    const rung = await Promise.all(ears.map((ear) => ear.count('answer')));
    for (const { page } of [board, other]) await page.clock.runFor(6_000);
    expect(await Promise.all(ears.map((ear) => ear.count('answer')))).toEqual(rung);
});

test('row 8: a mute is shown and has an end', async ({ board, page, server }) => {
    const ear = await Ear.of(page);
    await page.clock.install();
    await board.open();
    await startScreen(page);
    await page.keyboard.press('m');
    await expect(soundChip(page)).toContainText(/Muteduntil|Muted until \d\d:\d\d|Muted\s*until \d\d:\d\d/);
    await server.place(order());
    await expect(board.tickets).toHaveCount(1);
    await page.clock.runFor(3_000);
    expect(await ear.heard()).toEqual([]);
    // It is still muted when the page is loaded anew, and no longer after ten minutes.
    await page.reload();
    await expect(soundChip(page)).toContainText('Muted');
    await page.clock.fastForward('10:01');
    await expect(soundChip(page)).toContainText('Sound on');
});
