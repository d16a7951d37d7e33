/** The network goes away: the board never shows old orders as if they were new. */

import { PLAIN_STREAMS, expect, test } from '../fixtures';
import { stopClock } from '../fixtures/clock';
import { order } from '../fixtures/orders';

test.beforeEach(({ faults }) => faults.allowLostConnections());
test.setTimeout(120_000);

for (const how of ['cut', 'stalled'] as const) {
    test(`${how} for 30 s, the board says how old it is and then what was missed`, async ({ board, server, network }) => {
        const kept = await server.place(order());
        const called = await server.place(order());
        await board.open();
        await board.holdsExactly([kept, called]);

        const [chip, bar] = [await board.overhear(board.chip), await board.overhear(board.page.locator('#bar'))];
        if (how === 'cut') await network.cut();
        else network.stall();

        // A stall is silence, and silence is nothing until it has lasted.
        const breaks = expect.stringMatching(/^Reconnecting… last update \d+ s ago$/);
        if (how === 'cut') await expect.poll(chip, { timeout: 15_000 }).toContainEqual(breaks);
        await expect.poll(bar, { timeout: 20_000 }).toContainEqual(expect.stringMatching(/Not live – last update/));
        await board.says(/Offline since .* Server not reachable/, 30_000);
        await board.holdsExactly([kept, called]);

        const missed = [await server.place(order()), await server.place(order()), await server.place(order())];
        await server.cancel(called, 'Too long');
        await expect.poll(() => network.downFor, { timeout: 40_000 }).toBeGreaterThan(30_000);
        await network.restore();

        await board.says('Live again. 3 new, 1 cancelled while offline', 20_000);
        for (const one of missed) await board.has(one, 'New');
        await expect(board.openTicket(called)).toHaveCount(0);
        await board.isLive();
    });
}

for (const [width, height] of [[390, 844], [820, 600], [1366, 700]] as const) {
    test(`how fresh the board is stays in sight at ${width} pixels, wherever it is scrolled to`, async ({ board, server, network }) => {
        for (let count = 0; count < 12; count += 1) await server.place(order());
        await board.page.setViewportSize({ width, height });
        await board.open();
        const last = board.tickets.last();
        await last.scrollIntoViewIfNeeded();
        await expect(board.chip).toBeInViewport({ ratio: 1 });
        const live = await board.timerLook();

        network.stall();
        await expect(board.bar).toHaveText(/^Not live – last update/, { timeout: 30_000 });
        await expect(last).toBeInViewport();
        await expect(board.chip).toBeInViewport({ ratio: 1 });
        await expect(board.bar).toBeInViewport({ ratio: 1 });
        // In the viewport, and not below something else.
        expect(await board.isOnTop(board.chip)).toBe(true);
        expect(await board.isOnTop(board.bar)).toBe(true);
        if (width < 640) expect(await board.isOnTop(board.laneTitle('New'))).toBe(true);
        expect(await board.timerLook()).not.toEqual(live);

        await network.restore();
        await board.isLive(30_000);
        await expect.poll(() => board.timerLook()).toEqual(live);
    });
}

test.describe('a stream that is rewritten on its way', () => {
    test.use(PLAIN_STREAMS);

    test('a board that has missed an order notices, and reads everything anew', async ({ board, server, network }) => {
        const kept = await server.place(order());
        await board.open();
        await board.has(kept, 'New');

        // An event that nobody listens for: the board hears on and lacks an order.
        network.rewrite('event: order.placed', 'event: order.unseen');
        const missed = await server.place(order());
        await board.says('Resynced, 1 order added', 20_000);
        network.rewrite();
        await board.holdsExactly([kept, missed]);
        await board.isLive();
    });

    test('a board that leaves out orders notices that it has missed one', async ({ board, page, server, network }) => {
        const kept = await server.place(order());
        await page.clock.install();
        await board.open('?station=grill');
        await board.has(kept, 'New');
        network.rewrite('event: order.placed', 'event: order.unseen');
        const missed = await server.place(order());
        network.rewrite();
        // The server does not count for it: it looks itself, now and then.
        await page.clock.fastForward(130_000);
        await expect(board.ticketIn(missed, 'New')).toHaveCount(1, { timeout: 30_000 });
        await board.holdsExactly([kept, missed]);
        await board.isLive(20_000);
    });

    test('what a board cannot read twice is not left out', async ({ board, server, network }) => {
        // One that leaves out orders cannot tell from the server's count that it lacks one.
        await board.open('?station=grill');
        let loads = 0;
        board.page.on('load', () => (loads += 1));

        // An event of another version: the page is loaded anew, and has it.
        network.rewrite('event: order.placed\ndata: {"id"', 'event: order.placed\ndata: {"xd"');
        const first = await server.place(order());
        await expect.poll(() => loads).toBe(1);
        await board.holdsExactly([first]);
        await board.isLive();

        // That did not help: the next one is not dropped in silence either.
        const second = await server.place(order());
        await board.says('Resynced, 1 order added');
        await board.holdsExactly([first, second]);
        expect(loads).toBe(1);
    });

    test('a page of an older version loads itself anew, once', async ({ board, server, network }) => {
        const placed = await server.place(order());
        await board.open();
        const version = /"version":"([^"]+)"/.exec(await (await fetch(server.url)).text())?.[1] ?? '';
        expect(version).toMatch(/^\d+\.\d+\.\d+$/);
        let loads = 0;
        board.page.on('load', () => (loads += 1));

        network.rewrite(`"version":"${version}"`, `"version":"${version.slice(0, -1)}9"`);
        await network.cut();
        await network.restore();
        await expect.poll(() => loads, { timeout: 20_000 }).toBe(1);
        await board.isLive(20_000);
        await board.holdsExactly([placed]);
        // The page that came is no newer: it does not go round and round.
        const beats = board.page.locator('#clock');
        const shown = await beats.textContent();
        await expect(beats).not.toHaveText(shown ?? '');
        expect(loads).toBe(1);
    });
});

test('a blip that nobody would notice is not noticed', async ({ board, server, network }) => {
    await server.place(order());
    await board.page.clock.install();
    await board.open();
    const said: string[] = [];
    await board.page.exposeFunction('heard', (text: string) => said.push(text));
    await board.page.evaluate(() => {
        const heard = (window as unknown as { heard: (text: string) => void }).heard;
        new MutationObserver(() => {
            if (/Reconnecting|Not live|Offline/.test(document.body.innerText)) heard(document.body.innerText);
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });

    await stopClock(board.page);
    await network.cut();
    await expect(board.page.locator('#chip')).toHaveClass(/is-interrupted/);
    // Two seconds and a half by the page's clock, however long this machine takes for them.
    await board.page.clock.runFor(2_500);
    await network.restore();
    const placed = await server.place(order());
    await board.has(placed, 'New');
    await expect(board.page.locator('#chip')).toHaveClass(/is-live/);
    expect(said).toEqual([]);
});

test('a device that says it is online again is not left waiting', async ({ board, context, server, network }) => {
    await board.page.addInitScript(() => {
        const counted = window as unknown as { opened: number };
        counted.opened = 0;
        window.EventSource = class extends EventSource {
            constructor(...args: ConstructorParameters<typeof EventSource>) {
                super(...args);
                counted.opened += 1;
            }
        };
    });
    await board.page.clock.install();
    await board.open();
    await network.cut();
    await context.setOffline(true);
    await board.isCutOff();
    await board.says(/Offline since .* No network on this device/, 40_000);
    const placed = await server.place(order());
    await network.restore();

    // Connects because it is online, and not because a pause is over: the page's
    // clock hardly goes on meanwhile.
    await stopClock(board.page);
    const opened = () => board.page.evaluate(() => (window as unknown as { opened: number }).opened);
    const before = await opened();
    await context.setOffline(false);
    const soon = async () => {
        await board.page.clock.runFor(5);
        return opened();
    };
    await expect.poll(soon).toBeGreaterThan(before);
    await board.page.clock.resume();
    await board.has(placed, 'New');
    await board.isLive();
});
