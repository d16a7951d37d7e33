/** What is done without a server is not lost, not done twice, and not done in silence. */

import type { Page } from '@playwright/test';

import { expect, test } from '../../fixtures';
import { items, keepScreen } from '../../fixtures/kitchen';
import { type FoodOrder, order } from '../../fixtures/orders';

/** An order that is not made when one of its lines is. */
const TWO = order({ items: [{ name: 'Cheeseburger', quantity: 1 }, { name: 'Fries', quantity: 1 }] });

test.setTimeout(120_000);
test.beforeEach(({ faults }) => faults.allowLostConnections());

test.describe('with the page kept', () => {
    test.use({ serviceWorkers: 'allow' });

    test('row 5: bumps of whole orders without a server wait, survive a reload, and are sent in order', async ({
        board,
        server,
        network,
    }) => {
        const accepted = await server.move(await server.place(order()), 'accepted');
        const ticked = await server.move(await server.place(order()), 'accepted', 'preparing');
        await board.open('?station=fry');
        await board.isKept();
        await board.open();
        await board.isKept();
        await network.cut();
        await board.isCutOff();

        const ticket = board.ticket(accepted);
        await ticket.bump();
        await ticket.waits('Waiting to be sent: being made');
        // The next step is the one after what waits.
        await expect(ticket.bumpButton).toContainText('Ready');
        await board.says(/Not live – last update/, 30_000);
        await ticket.bump();
        await ticket.waits('being made, ready');
        await board.ticket(ticked).item('Cheeseburger').click();
        await board.ticket(ticked).waits('Cheeseburger');
        await board.says(/Offline since .*\. Orders shown may be out of date\. .*3 actions waiting\./, 40_000);

        await board.page.reload();
        await board.says(/Offline since .* 3 actions waiting\./, 20_000);
        await ticket.waits('being made, ready');
        // Another screen on the same device takes it up too.
        await board.page.goto('/?station=fry');
        await board.says(/Offline since .* 3 actions waiting\./, 20_000);
        await board.page.goto('/');
        await ticket.waits('being made, ready');
        expect((await server.read(accepted.id)).version).toBe(accepted.version);

        await network.restore();
        await board.isLive(30_000);
        await board.has(accepted, 'Ready');
        await expect(board.page.locator('.waiting')).toHaveCount(0);
        await board.ticket(ticked).isTicked('Cheeseburger', true);
        // Each once, and nothing besides.
        expect((await server.read(accepted.id)).version).toBe(accepted.version + 2);
        expect((await server.read(ticked.id)).version).toBe(ticked.version + 1);
        expect(await board.page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('outbox')))).toEqual(
            [],
        );
    });
});

test.describe('at a station, with the page kept', () => {
    test.use({ serviceWorkers: 'allow' });

    test('row 5: what a station begins and ends without a server waits, and the second press takes nothing back', async ({
        board,
        page,
        server,
        network,
    }) => {
        await keepScreen(server, 'grill', { stations: ['grill'] });
        const both = order({
            items: [
                { name: 'Cheeseburger', quantity: 1, station: 'grill' },
                { name: 'Fries', quantity: 1, station: 'fry' },
            ],
        });
        const accepted = await server.move(await server.place(both), 'accepted');
        const other = await server.move(await server.place(both), 'accepted');
        await page.goto('/screens/grill');
        await board.isKept();
        await network.cut();
        await board.isCutOff();
        // By keys, for which the second press in a place is not taken for a slip.
        const bump = (one: FoodOrder) => board.ticket(one).bumpButton.press('Enter');
        const ticket = board.ticket(accepted);
        await expect(ticket.bumpButton).toContainText('Start');
        await bump(accepted);
        await ticket.waits('Waiting to be sent: being made');
        await expect(ticket.bumpButton).toContainText('Done');
        await bump(accepted);
        await ticket.waits('Waiting to be sent: being made, done here');
        await expect(ticket.bumpButton).toHaveCount(0);
        await bump(other);
        await board.ticket(other).waits('being made');

        await page.reload();
        await ticket.waits('Waiting to be sent: being made, done here');
        await expect(board.ticket(other).bumpButton).toContainText('Done');
        await network.restore();
        await expect.poll(() => items(server, accepted), { timeout: 30_000 }).toEqual({ Cheeseburger: 'done', Fries: 'todo' });
        await expect.poll(() => items(server, other)).toEqual({ Cheeseburger: 'doing', Fries: 'todo' });
        await expect(page.locator('.waiting')).toHaveCount(0);
        expect((await server.read(accepted.id)).version).toBe(accepted.version + 2);
        expect((await server.read(other.id)).version).toBe(other.version + 1);
    });
});

test('row 5: what somebody else did meanwhile is explained, and the cook decides', async ({
    board,
    server,
    network,
    faults,
}) => {
    faults.allow(/Failed to load resource.*412/);
    const first = await server.move(await server.place(order()), 'accepted');
    const second = await server.move(await server.place(TWO), 'accepted');
    await board.open();
    await network.cut();
    await board.isCutOff();
    await board.ticket(first).bump();
    await board.ticket(first).waits('Waiting to be sent');
    await board.ticket(second).bump();
    await board.ticket(second).waits('Waiting to be sent');

    await server.cancel(first, 'Customer called');
    await server.tick(second, 1, 'done');
    await network.restore();
    const told = (what: string) => `Not done: being made. Meanwhile it is ${what} by api`;
    await expect(board.ticket(first).root).toContainText(told('cancelled'), { timeout: 30_000 });
    await expect(board.ticket(second).root).toContainText(told('accepted'));
    await board.page.screenshot({ path: 'test-results/conflict.png' });

    await board.ticket(first).dismiss();
    await expect(board.ticket(first).root).not.toContainText('Not done');
    // This time knowing what there is.
    await board.ticket(second).retry();
    await board.has(second, 'Preparing');
    await expect(board.ticket(second).root).not.toContainText('Not done');
    expect((await server.read(first.id)).status).toBe('cancelled');
});

test('row 5: what waits can be recalled, by the button that says so', async ({ board, server, network }) => {
    const preparing = await server.move(await server.place(order()), 'accepted', 'preparing');
    await board.open();
    await network.cut();
    await board.isCutOff();
    const ticket = board.ticket(preparing);
    await ticket.bump();
    await ticket.waits('Waiting to be sent: ready');
    await ticket.recall();
    await ticket.waits('Waiting to be sent: ready, being made');
    await expect(ticket.bumpButton).toContainText('Ready');
    await network.restore();
    await board.isLive(30_000);
    await expect.poll(async () => (await server.read(preparing.id)).version).toBe(preparing.version + 2);
    await board.has(preparing, 'Preparing');
});

test('row 5: what waits can be taken back', async ({ board, server, network }) => {
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await network.cut();
    await board.isCutOff();
    await board.ticket(accepted).bump();
    await board.ticket(accepted).waits('Waiting to be sent');
    await board.ticket(accepted).takeBack();
    await expect(board.ticket(accepted).root.locator('.waiting')).toHaveCount(0);
    await network.restore();
    await board.isLive(30_000);
    expect((await server.read(accepted.id)).version).toBe(accepted.version);
});

test('row 5: an answer that is lost is not a bump that is done twice', async ({ board, server, network }) => {
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open();
    // The request arrives; then there is no network for the answer and the stream.
    await board.page.route('**/transitions', async (route) => {
        await network.cut();
        const request = route.request();
        const answer = await fetch(new URL(new URL(request.url()).pathname, server.url), {
            method: request.method(),
            headers: { 'Content-Type': 'application/json' },
            body: request.postData(),
        });
        expect(answer.status).toBe(200);
        await route.abort();
    });
    await board.ticket(accepted).bump();
    await expect(board.ticket(accepted).root).toContainText('Not confirmed – waiting to be sent again');
    await board.page.unroute('**/transitions');
    await network.restore();
    // It connects, hears a heartbeat, sends, and hears of what it sent.
    await expect(board.ticketIn(accepted, 'Preparing')).toHaveCount(1, { timeout: 30_000 });
    await expect(board.ticket(accepted).root).not.toContainText(/Not (confirmed|done|saved)/);
    expect((await server.read(accepted.id)).version).toBe(accepted.version + 1);
});

test('row 5: an undo whose answer is lost is done, and says so', async ({ board, page, server }) => {
    const preparing = await server.move(await server.place(order()), 'accepted', 'preparing');
    await board.open();
    await board.ticket(preparing).bump();
    await board.has(preparing, 'Ready');
    await page.route('**/transitions', async (route) => {
        await route.fetch();
        // The stream is faster than the answer that never comes.
        await board.has(preparing, 'Preparing');
        await route.abort();
    });
    await board.undo();
    await expect(page.locator('#polite')).toContainText(`Order ${preparing.number} is back`);
    await expect(page.locator('#undo')).toHaveClass(/is-away/);
    expect((await server.read(preparing.id)).version).toBe(preparing.version + 2);
});

test('row 5: undo takes back what waits, the last first', async ({ board, page, server, network }) => {
    const first = await server.move(await server.place(order()), 'accepted');
    const second = await server.move(await server.place(order()), 'accepted');
    await board.open();
    // What the bar offers is not older than what waits.
    await board.ticket(first).bump();
    await board.has(first, 'Preparing');
    await network.cut();
    await board.isCutOff();
    await board.ticket(first).bump();
    await board.ticket(first).waits('Waiting to be sent: ready');
    await board.ticket(second).bump();
    await board.ticket(second).waits('Waiting to be sent: being made');
    await page.keyboard.press('z');
    await expect(board.ticket(second).root.locator('.waiting')).toHaveCount(0);
    await board.ticket(first).waits('Waiting to be sent: ready');
    await page.keyboard.press('z');
    await expect(page.locator('.waiting')).toHaveCount(0);
    await network.restore();
    await board.isLive(30_000);
    expect((await server.read(first.id)).version).toBe(first.version + 1);
    expect((await server.read(second.id)).version).toBe(second.version);
});

/** Leaves no room on the device, or none but for what it forgets. */
async function fill(page: Page): Promise<void> {
    await page.evaluate(() => {
        for (let size = 4_000_000; size >= 1; size = Math.floor(size / 2)) {
            for (let count = 0; ; count += 1) {
                try {
                    localStorage.setItem(`full/${size}/${count}`, 'x'.repeat(size));
                } catch {
                    break;
                }
            }
        }
    });
}

const kept = (page: Page) =>
    page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('outbox/')).length);

test('row 5: what a full device has no room for is sent all the same, and the bar says so', async ({
    board,
    page,
    server,
    network,
}) => {
    const first = await server.move(await server.place(order()), 'accepted');
    const second = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await network.cut();
    await board.isCutOff();
    await page.evaluate(() => localStorage.clear());
    await fill(page);
    for (const one of [first, second]) {
        await board.ticket(one).bump();
        await board.ticket(one).waits('Waiting to be sent');
    }
    expect(await kept(page)).toBe(0);
    // To forget something needs no room: that says nothing of the other one.
    await board.ticket(second).takeBack();
    await expect(board.ticket(second).root.locator('.waiting')).toHaveCount(0);
    await board.says(/1 action waiting\. This device has no room for what waits/, 60_000);
    await network.restore();
    await board.isLive(30_000);
    await board.has(first, 'Preparing');
    await expect(page.locator('.waiting')).toHaveCount(0);
    expect((await server.read(first.id)).version).toBe(first.version + 1);
    expect((await server.read(second.id)).version).toBe(second.version);
});

test('row 5: what was shown makes room for what was done', async ({ board, page, server, network }) => {
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open('?station=grill');
    await board.remembers('"accepted"');
    await board.open();
    await board.has(accepted, 'New');
    await network.cut();
    await board.isCutOff();
    await fill(page);
    await board.ticket(accepted).bump();
    await board.ticket(accepted).waits('Waiting to be sent');
    expect(await kept(page)).toBe(1);
    await network.restore();
    // It connects, hears a heartbeat, sends, and hears of what it sent.
    await expect(board.ticketIn(accepted, 'Preparing')).toHaveCount(1, { timeout: 30_000 });
});

test('row 5: what was refused is told when its order leaves, and holds up nothing', async ({
    board,
    server,
    network,
    faults,
}) => {
    faults.allow(/Failed to load resource.*412/);
    const accepted = await server.move(await server.place(TWO), 'accepted');
    await board.open();
    await network.cut();
    await board.isCutOff();
    await board.ticket(accepted).item('Cheeseburger').click();
    await board.ticket(accepted).waits('Waiting to be sent: Cheeseburger');
    const ticked = await server.tick(accepted, 2, 'done');
    await network.restore();
    await expect(board.ticket(accepted).root).toContainText('Not done: Cheeseburger.', { timeout: 30_000 });
    const completed = await server.move(ticked, 'preparing', 'ready', 'completed');
    await expect(board.ticket(accepted).root).toHaveCount(0);
    await expect(board.page.locator('#alert')).toContainText(`Order ${accepted.number}: Not done`);
    expect(await kept(board.page)).toBe(0);

    // It comes back as any other, and can be bumped.
    await server.move(completed, 'ready');
    await board.has(accepted, 'Ready');
    await expect(board.ticket(accepted).root).not.toContainText('Not done');
    await network.cut();
    await board.says(/Offline since/, 60_000);
    await expect(board.bar).not.toContainText('waiting');
});

test('row 5: nothing is put behind what nobody has decided on', async ({ board, server, network, faults }) => {
    faults.allow(/Failed to load resource.*412/);
    const accepted = await server.move(await server.place(TWO), 'accepted');
    await board.open();
    await network.cut();
    await board.isCutOff();
    await board.ticket(accepted).bump();
    await board.ticket(accepted).waits('Waiting to be sent');
    await server.tick(accepted, 1, 'done');
    await network.restore();
    const ticket = board.ticket(accepted);
    await expect(ticket.root).toContainText('Not done: being made.', { timeout: 30_000 });
    await ticket.bump();
    await expect(ticket.root).toContainText('decide on what was not done first');
    expect((await server.read(accepted.id)).status).toBe('accepted');
});
