import type { Board } from '../../board';
import { Ear, startScreen } from '../../fixtures/audio';
import { stopClock } from '../../fixtures/clock';
import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

test('row 9: a burst of ten orders is one sound', async ({ board, page, server }) => {
    const ear = await Ear.of(page);
    // While the clock of a page that is open is replaced, it shows 1970, and a heartbeat may come.
    await page.clock.install();
    await board.open();
    await startScreen(page);
    // With its clock stopped, a turn to sound would not be waited for.
    const turn = async () => (await navigator.locks.query()).held?.some(({ name }) => name?.startsWith('sound/'));
    await expect.poll(() => page.evaluate(turn)).toBe(true);
    // A burst is what comes in three seconds, however long this machine takes for it.
    await stopClock(page);
    await Promise.all(Array.from({ length: 10 }, () => server.place(order())));
    await expect(page.locator('#figures dd').first()).toHaveText('10');
    await page.clock.runFor(4_000);
    await expect(board.tickets).toHaveCount(10);
    expect(await ear.heard()).toEqual(['new']);
});

/**
 * Waits until the board has looked at its clock since it is live: what is late
 * before that is not heard, because it was late before anybody was there.
 */
async function hasLooked({ page }: Board): Promise<void> {
    for (let seconds = 0; seconds < 2; seconds += 1) {
        const clock = page.locator('#clock');
        const before = await clock.innerText();
        await expect(clock).not.toHaveText(before);
    }
}

test.describe('where nothing else calls', () => {
    // An order that a slow machine shows late would be called first.
    test.use({
        serverOptions: {
            env: { LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000', LIVE_ORDERS_KITCHEN_UNSEEN_AFTER_S: '3600' },
        },
    });

    test('row 9: a ticket is late once, and on expo alone', async ({ board, anotherBoard, page, server }) => {
        const ear = await Ear.of(page);
        const prep = await anotherBoard();
        const atPrep = await Ear.of(prep.page);
        await server.keepScreen('expo', { role: 'expo', view: 'columns' });
        await server.keepScreen('grill', { role: 'prep', stations: ['grill'], view: 'columns' });
        await page.clock.install();
        await page.goto('/screens/expo');
        await prep.page.goto('/screens/grill');
        for (const it of [board, prep]) {
            await it.isLive();
            await startScreen(it.page);
            await hasLooked(it);
        }
        const late = await server.place(order({ fulfilment: { type: 'pickup', due_at: Date.now() - 60_000 } }));
        await expect.poll(() => ear.count('late'), { timeout: 20_000 }).toBe(1);
        await server.move(late, 'accepted', 'preparing');
        await board.has(late, 'Preparing');
        await prep.has(late, 'Preparing');
        // Another one is heard, and the first one is not heard again; not in the quiet
        // that follows a sound, in which more of the same is the same burst.
        await page.clock.runFor(4_000);
        await server.place(order({ fulfilment: { type: 'pickup', due_at: Date.now() - 60_000 } }));
        await expect.poll(() => ear.count('late'), { timeout: 20_000 }).toBe(2);
        await expect.poll(() => atPrep.count('new'), { timeout: 20_000 }).toBeGreaterThan(0);
        // Prep has had as long as expo to hear of both.
        await hasLooked(prep);
        expect(await atPrep.count('late')).toBe(0);
        expect(await ear.count('late')).toBe(2);
    });
});

test('row 9: a screen makes no sound for what it does itself', async ({ board, anotherBoard, page, server }) => {
    const ear = await Ear.of(page);
    const other = await anotherBoard();
    const elsewhere = await Ear.of(other.page);
    await server.keepScreen('expo', { role: 'expo', view: 'columns' });
    await server.keepScreen('pass', { role: 'expo', view: 'columns' });
    const made = await server.move(await server.place(order()), 'accepted', 'preparing');
    await page.goto('/screens/expo');
    await other.page.goto('/screens/pass');
    for (const it of [board, other]) {
        await it.isLive();
        await startScreen(it.page);
    }
    await board.ticket(made).bump();
    await other.has(made, 'Ready');
    await expect.poll(() => elsewhere.heard()).toEqual(['ready']);
    await board.has(made, 'Ready');
    expect(await ear.heard()).toEqual([]);
});
