/** A device that sleeps or a tab that is left and come back to is up to date at once. */

import { expect, test } from '../fixtures';
import { stopClock } from '../fixtures/clock';
import { order } from '../fixtures/orders';

/** What the tests put into a page to have it sleep. */
interface Sleeper {
    sleep: () => void;
    wake: (millis: number) => void;
    said: string[];
}

test('a page that comes back from the back/forward cache catches up', async ({ board, server }) => {
    await server.place(order());
    await board.open();
    await board.page.goto('about:blank');
    const missed = await server.place(order());
    await board.page.goBack();
    await board.has(missed, 'New');
    await board.holdsExactly(await server.open());
    await board.isLive();
});

test('a page that is looked at again does not wait for a stream that is dead', async ({ board, server, network, faults }) => {
    faults.allowLostConnections();
    await board.page.clock.install();
    await board.open();
    network.strand();
    const missed = await server.place(order());
    // Long enough for heartbeats to be missed. The page itself would take the
    // stream for dead after twelve seconds, which do not pass here.
    await stopClock(board.page);
    await board.page.clock.runFor(3_000);
    await expect(board.ticketIn(missed, 'New')).toHaveCount(0);
    await board.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await board.page.clock.runFor(10);
    await board.has(missed, 'New');
    await board.page.clock.resume();
    await board.isLive();
});

test('whoever works by keys does not throw an attempt to connect away', async ({ page, server }) => {
    await server.place(order());
    await page.clock.install();
    let attempts = 0;
    // Neither taken nor refused.
    await page.route('**/live-orders?**', () => void (attempts += 1));
    await page.goto('/');
    await expect.poll(() => attempts).toBeGreaterThan(0);
    await stopClock(page);
    await page.clock.runFor(1_500);
    const before = attempts;
    for (const link of await page.locator('.count').all()) await link.focus();
    await page.clock.runFor(1_500);
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await page.clock.runFor(100);
    await expect.poll(() => attempts).toBe(before + 1);
});

test('a device that has slept does not call the old board live', async ({ board, server, network, faults }) => {
    faults.allowLostConnections();
    // Asleep, the page's clock ticks not once: only Date goes on.
    await board.page.addInitScript(() => {
        const page = window as unknown as Sleeper;
        const every = window.setInterval.bind(window);
        const { now } = Date;
        let asleep = false;
        let slept = 0;
        Date.now = () => now() + slept;
        window.setInterval = ((tick: () => void, millis: number) =>
            every(() => asleep || tick(), millis)) as typeof window.setInterval;
        page.sleep = () => (asleep = true);
        page.wake = (millis) => {
            slept = millis;
            asleep = false;
            document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
        };
    });
    await board.open();
    network.strand();
    await board.page.evaluate(() => (window as unknown as Sleeper).sleep());
    const missed = [await server.place(order()), await server.place(order())];
    await board.page.evaluate(() => {
        const page = window as unknown as Sleeper;
        page.said = [];
        const chip = document.getElementById('chip-words');
        new MutationObserver(() => page.said.push(chip?.textContent ?? '')).observe(chip as Node, {
            childList: true,
            characterData: true,
            subtree: true,
        });
        page.wake(25_000);
    });
    await board.says('Live again. 2 new while offline', 20_000);
    await board.holdsExactly(missed);
    await board.isLive();
    const said = await board.page.evaluate(() => (window as unknown as Sleeper).said);
    expect(said[0]).toBe('Offline');
    expect(said.filter((one) => one === 'Live')).toEqual(['Live']);
    expect(said).toContainEqual(expect.stringMatching(/^Catching up/));
    // Nothing is left behind that somebody would be read.
    await expect(board.page.getByRole('alert').filter({ hasText: 'offline' })).toHaveCount(0);
});
