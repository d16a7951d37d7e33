/** The tabs of one browser share one stream. */

import type { Page } from '@playwright/test';

import { Board } from '../board';
import { Ear, soundChip, startScreen } from '../fixtures/audio';
import { expect, test } from '../fixtures';
import { type FoodOrder, order } from '../fixtures/orders';

test.setTimeout(180_000);
test.beforeEach(({ faults }) => faults.allowLostConnections());

/** A page that can be made deaf and dumb to the other tabs, as one that hangs. */
interface Hanging {
    hang: (now: boolean) => void;
}

async function hangable(page: Page): Promise<void> {
    await page.addInitScript(() => {
        const post = BroadcastChannel.prototype.postMessage;
        let hangs = false;
        BroadcastChannel.prototype.postMessage = function (message: unknown) {
            if (!hangs) post.call(this, message);
        };
        (window as unknown as Hanging).hang = (now) => (hangs = now);
    });
}

test('ten tabs over HTTP/1.1 have one stream, and go on when the tab that has it is closed', async ({
    board,
    context,
    server,
    network,
}) => {
    await server.place(order());
    await board.open();
    const others: Board[] = [];
    for (let count = 1; count < 10; count += 1) others.push(new Board(await context.newPage()));
    for (const one of others) await one.open();
    await expect.poll(() => network.streams).toBe(1);
    const all = async () => {
        const open = await server.open();
        for (const one of others) await one.holdsExactly(open, 20_000);
    };
    const accepted = await server.move(await server.place(order()), 'accepted');
    await all();
    await board.holdsExactly(await server.open());
    // A bump in one is seen in all.
    await others[4]?.ticket(accepted).bump();
    for (const one of [board, ...others]) await one.has(accepted, 'Preparing');

    // The first has it; then the one that took over, and so on.
    await board.page.close();
    await server.place(order());
    await all();
    for (let count = 0; count < 3; count += 1) {
        await others.shift()?.page.close();
        await server.place(order());
        await server.place(order());
        await all();
    }
    for (const one of others) await one.isLive();
    await expect.poll(() => network.streams).toBe(1);

    // The network breaks for all of them.
    await network.cut();
    await server.place(order());
    await network.restore();
    await all();
    await expect.poll(() => network.streams).toBe(1);
});

test('tabs that show other orders have a stream of their own', async ({ board, context, server, network }) => {
    const grill = await server.place(order());
    await board.open();
    const other = new Board(await context.newPage());
    await other.open('?station=fry');
    await expect(other.tickets).toHaveCount(0);
    await board.holdsExactly([grill]);
    await expect.poll(() => network.streams).toBe(2);
});

test('a tab that is frozen loses the stream to another', async ({ board, context, server, network }) => {
    await board.open();
    const other = new Board(await context.newPage());
    await other.open();
    await expect.poll(() => network.streams).toBe(1);
    // All of it: its timers, its stream, its messages.
    const browser = await context.newCDPSession(board.page);
    await browser.send('Page.setWebLifecycleState', { state: 'frozen' });
    const placed = await server.place(order());
    await expect(other.ticketIn(placed, 'New')).toHaveCount(1, { timeout: 60_000 });
    await other.isLive(30_000);
    await browser.send('Page.setWebLifecycleState', { state: 'active' });
    const next = await server.place(order());
    for (const one of [board, other]) {
        await one.holdsExactly([placed, next], 30_000);
        await one.isLive(30_000);
    }
    await expect.poll(() => network.streams, { timeout: 20_000 }).toBe(1);
});

for (const [name, refuse] of [
    ['refuses', `() => Promise.reject(new DOMException('no', 'SecurityError'))`],
    ['throws at', `() => { throw new DOMException('no', 'SecurityError'); }`],
] as const) {
    test(`where the browser ${name} locks, each tab has a stream of its own`, async ({
        board,
        context,
        server,
        network,
    }) => {
        await context.addInitScript(`if (window.LockManager) LockManager.prototype.request = ${refuse}`);
        await board.open();
        const other = new Board(await context.newPage());
        await other.open();
        const placed = await server.place(order());
        for (const one of [board, other]) await one.has(placed, 'New');
        await expect.poll(() => network.streams).toBe(2);
    });
}

test('a tab that cannot read what it lacks is not live', async ({ board, context, server }) => {
    await hangable(board.page);
    await board.open();
    const other = new Board(await context.newPage());
    await other.open();
    await other.page.route('**/api/events?**', (route) => route.abort());
    const said = await other.overhear(other.page.locator('#bar'));
    await board.page.evaluate(() => (window as unknown as Hanging).hang(true));
    const placed = await server.place(order());
    await board.has(placed, 'New');
    await board.page.evaluate(() => (window as unknown as Hanging).hang(false));
    // Heartbeats come again, and tell that there was something before them.
    await expect.poll(said, { timeout: 30_000 }).toContainEqual(expect.stringMatching(/Not live – last update/));
    await expect(other.ticketIn(placed, 'New')).toHaveCount(0);
    await other.page.unroute('**/api/events?**');
    await other.has(placed, 'New');
    await other.isLive(30_000);
});

test('an answer that is older than the stream takes nothing away', async ({ board, context, server }) => {
    const kept = await server.place(order());
    await board.open('?station=grill');
    const other = new Board(await context.newPage());
    await other.page.clock.install();
    await other.open('?station=grill');
    // Now and then a board that leaves out orders reads all that it should have.
    const whole = /\/api\/events\?.*snapshot=1/;
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    let ask = () => {};
    const asked = new Promise<void>((resolve) => (ask = resolve));
    await other.page.route(whole, async (route) => {
        const response = await route.fetch();
        ask();
        await released;
        await route.fulfill({ response }).catch(() => undefined);
    });
    // The page itself may give it up before it is answered.
    const over = Promise.race(
        (['requestfinished', 'requestfailed'] as const).map((event) =>
            other.page.waitForEvent(event as 'requestfinished', {
                predicate: (request) => whole.test(request.url()),
                timeout: 120_000,
            }),
        ),
    );
    await other.page.clock.fastForward(130_000);
    await asked;
    // It has the stream itself before there is an answer.
    await board.page.close();
    const placed = await server.place(order());
    await expect(other.ticketIn(placed, 'New')).toHaveCount(1, { timeout: 30_000 });
    release();
    await over;
    const next = await server.place(order());
    await other.has(next, 'New');
    await other.holdsExactly([kept, placed, next]);
});

test('a tab that hangs loses the stream to another', async ({ board, context, server, network }) => {
    await hangable(board.page);
    await board.open();
    const other = new Board(await context.newPage());
    await other.open();
    await expect.poll(() => network.streams).toBe(1);
    const said = await other.overhear(other.page.locator('#bar'));
    await board.page.evaluate(() => (window as unknown as Hanging).hang(true));
    const placed = await server.place(order());
    await expect.poll(said, { timeout: 30_000 }).toContainEqual(expect.stringMatching(/Not live – last update/));
    await expect(other.ticketIn(placed, 'New')).toHaveCount(1, { timeout: 30_000 });
    await other.isLive();
    // The one that hung hears the other now.
    await board.has(placed, 'New');
    const next = await server.place(order());
    for (const one of [board, other]) await one.has(next, 'New');
    await expect.poll(() => network.streams).toBe(1);
});

test('a tab that is loaded anew has what it missed', async ({ board, context, server }) => {
    await board.open();
    const other = new Board(await context.newPage());
    await other.open();
    for (let count = 0; count < 5; count += 1) {
        const placing = [server.place(order()), server.place(order())];
        await other.page.reload();
        await Promise.all(placing);
        await other.holdsExactly(await server.open());
        await board.holdsExactly(await server.open());
    }
    await other.isLive();
});

test('what one tab did without a server is shown and sent by another', async ({ board, context, server, network }) => {
    const orders = [];
    for (let count = 0; count < 2; count += 1) orders.push(await server.move(await server.place(order()), 'accepted'));
    const [bumped, taken] = orders as [FoodOrder, FoodOrder];
    await board.open();
    const other = new Board(await context.newPage());
    await other.open();
    await network.cut();
    await board.isCutOff();
    for (const one of orders) await board.ticket(one).bump();
    for (const one of orders) await other.ticket(one).waits('Waiting to be sent: being made');
    // What is taken back in the one is not left standing in the other.
    await board.ticket(taken).takeBack();
    await expect(other.ticket(taken).root.locator('.waiting')).toHaveCount(0);
    await board.page.close();
    await network.restore();
    await other.isLive(30_000);
    await other.has(bumped, 'Preparing');
    await expect(other.page.locator('.waiting')).toHaveCount(0);
    expect((await server.read(bumped.id)).version).toBe(bumped.version + 1);
    expect((await server.read(taken.id)).version).toBe(taken.version);
});

test('row 9: of several tabs one sounds, and another when that is closed; a mute is for all', async ({ board, context, server }) => {
    const ears = [await Ear.of(board.page)];
    await board.open();
    await startScreen(board.page);
    const others: Board[] = [];
    for (let count = 0; count < 2; count += 1) {
        const other = new Board(await context.newPage());
        ears.push(await Ear.of(other.page));
        await other.page.clock.install();
        await other.open();
        // It was started on this device.
        await other.page.getByText('Sound on').waitFor();
        others.push(other);
    }
    const first = await server.place(order());
    for (const one of [board, ...others]) await one.has(first, 'New');
    await expect.poll(() => ears[0]?.count('new')).toBe(1);
    // The others have had the time to sound, and know by now that it is not theirs to.
    for (const one of others) {
        await one.isLive();
        await one.page.clock.runFor(2_000);
    }
    for (const ear of ears.slice(1)) expect(await ear.count('new')).toBe(0);

    const [next, last] = others as [Board, Board];
    const whose = () =>
        next.page.evaluate(async () => {
            const { held } = await navigator.locks.query();
            return held?.find(({ name }) => name?.startsWith('sound/'))?.clientId;
        });
    const before = await whose();
    expect(before).toBeTruthy();
    await board.page.close();
    // The browser gives the turn on.
    await expect.poll(async () => ![undefined, before].includes(await whose())).toBe(true);
    // What comes sooner is the same burst.
    for (const { page } of others) await page.clock.runFor(3_500);
    const second = await server.place(order());
    for (const one of others) await one.has(second, 'New');
    await expect.poll(() => ears[1]?.count('new')).toBe(1);
    expect(await ears[2]?.count('new')).toBe(0);

    // Muted where nothing sounds anyway: the one that would is silent too.
    await soundChip(last.page).click();
    await expect(soundChip(next.page)).toContainText('Muted');
});
