/** A lane draws what somebody can come near. The rest is counted, named, and drawn when it is wanted. */

import type { Locator } from '@playwright/test';

import type { Board, Lane } from '../board';
import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';
import type { FoodOrder } from '../fixtures/orders';
import type { Server } from '../fixtures/server';

const ORDERS = 40;
/** As many as the server draws of a lane. */
const DRAWN = 20;

async function placed(server: Server): Promise<FoodOrder[]> {
    const orders: FoodOrder[] = [];
    for (let count = 0; count < ORDERS; count += 1) orders.push(await server.place(order()));
    return orders;
}

const tickets = (board: Board, lane: Lane): Locator => board.lane(lane).getByRole('article');
const more = (board: Board, lane: Lane): Locator => board.lane(lane).getByRole('button', { name: /^\+\d+ more/ });

async function drawn(board: Board): Promise<number[]> {
    const headings = await tickets(board, 'New').getByRole('heading').allTextContents();
    return headings.map((text) => Number(/\d+/.exec(text)?.[0]));
}

async function isDrawnInOrder(board: Board, orders: FoodOrder[]): Promise<void> {
    expect(await drawn(board)).toEqual(orders.map((it) => it.number));
}

test('what is not drawn is counted, with its oldest, and named', async ({ board, server }) => {
    const orders = await placed(server);
    await board.open();
    await isDrawnInOrder(board, orders.slice(0, DRAWN));
    await expect(more(board, 'New')).toHaveText(/^\+20 more \(oldest \d+:\d\d\)$/);
    await expect(board.lane('New')).toContainText(orders.slice(DRAWN).map((it) => it.number).join(', '));
    await expect(board.page.getByRole('link', { name: `${ORDERS} New` })).toBeVisible();

    const last = orders.pop();
    if (!last) throw new Error('no orders');
    // It changes, goes and comes without being drawn.
    await server.move(last, 'accepted', 'preparing');
    await board.has(last, 'Preparing');
    await expect(more(board, 'New')).toHaveText(/^\+19 more/);
    const later = await server.place(order());
    await expect(more(board, 'New')).toHaveText(/^\+20 more/);
    await board.holdsExactly([...orders, last, later]);
    expect(await tickets(board, 'New').count()).toBe(DRAWN);

    // A search in the page, as the browser's own does it.
    const found = (text: string) => (window as unknown as { find: (text: string) => boolean }).find(text);
    expect(await board.page.evaluate(found, String(later.number))).toBe(true);
});

test('a rest that is late says so', async ({ board, server }) => {
    for (let count = 0; count < DRAWN + 1; count += 1) {
        await server.place(order({ fulfilment: { type: 'pickup', due_at: Date.now() - 60_000 } }));
    }
    await board.open();
    await expect(more(board, 'New')).toHaveText(/^\+1 more .* late$/i);
});

test('scrolling down draws the rest, and coming back folds it up', async ({ board, server }) => {
    const orders = await placed(server);
    await board.open();
    const pile = board.lane('New').locator('.pile');
    await expect
        .poll(async () => {
            await pile.evaluate((it) => it.scrollTo(0, it.scrollHeight));
            return tickets(board, 'New').count();
        })
        .toBe(ORDERS);
    await expect(more(board, 'New')).toHaveCount(0);
    await isDrawnInOrder(board, orders);
    await pile.evaluate((it) => it.scrollTo(0, it.scrollHeight));
    await expect(tickets(board, 'New').last()).toBeInViewport();

    await pile.evaluate((it) => it.scrollTo(0, 0));
    await expect.poll(() => tickets(board, 'New').count()).toBeLessThan(ORDERS);
    await board.holdsExactly(orders);
});

test('one press draws more and takes the keyboard there', async ({ board, server }) => {
    const orders = await placed(server);
    const first = orders[DRAWN];
    if (!first) throw new Error('no orders');
    await board.open();
    // Not by way of the keyboard, which would bring its end into view and draw it.
    await more(board, 'New').evaluate((it) => (it as HTMLElement).click());
    await expect(board.ticket(first).root.getByRole('button').first()).toBeFocused();
    await expect(board.ticket(first).root).toBeInViewport();
});

test('an order that comes below what is drawn is one press away', async ({ board, server }) => {
    await placed(server);
    await board.open();
    const late = await server.place(order());
    await board.lane('New').getByRole('button', { name: /^1 new/ }).click();
    await expect(board.ticket(late).root).toBeInViewport();
    await expect(board.ticket(late).root.getByRole('button').first()).toBeFocused();
});

test('the last drawn ticket is bumped like any other', async ({ board, server }) => {
    const orders: FoodOrder[] = [];
    for (const one of await placed(server)) orders.push(await server.move(one, 'accepted'));
    await board.open();
    const last = orders[DRAWN - 1];
    if (!last) throw new Error('no orders');
    await board.ticket(last).bump();
    await board.has(last, 'Preparing');
    expect((await server.read(last.id)).status).toBe('preparing');
    await board.holdsExactly(orders);

    // One after the other from the top, for as long as there are any.
    for (const next of orders.filter((it) => it !== last).slice(0, 24)) {
        await server.move(next, 'preparing');
    }
    // As many may be drawn on the way, and be others.
    const left = orders.filter((it) => it !== last).slice(24);
    await expect.poll(() => drawn(board)).toEqual(left.map((it) => it.number));
});

test('a ticket is carried to its next lane and not made anew', async ({ board, server }) => {
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open();
    const marked = (root: Locator) => root.evaluate((it) => (it as unknown as { mine?: boolean }).mine);
    await board.ticket(accepted).root.evaluate((it) => ((it as unknown as { mine: boolean }).mine = true));
    await server.move(accepted, 'preparing');
    await board.has(accepted, 'Preparing');
    expect(await marked(board.ticket(accepted).root)).toBe(true);
});

test('a timer out of sight is right as soon as it is seen', async ({ board, server }) => {
    const orders = await placed(server);
    await board.open();
    const [first, far] = [tickets(board, 'New').first(), tickets(board, 'New').nth(DRAWN - 1)];
    // What the timer says and what the clock says, of one moment: the frame after
    // the next one in which the ticket is in view.
    const look = (ticket: Locator) =>
        ticket.evaluate(async (it) => {
            it.scrollIntoView();
            await new Promise((seen) => {
                new IntersectionObserver((all) => all.some(({ isIntersecting }) => isIntersecting) && seen(0)).observe(it);
            });
            for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
            // Hours, minutes and seconds, or the last of them.
            const seconds = (part: Element | null) =>
                (part?.textContent ?? '').split(':').reduce((sum, count) => 60 * sum + Number(count), 0);
            return { says: seconds(it.querySelector('.digits')), at: seconds(document.getElementById('clock')) };
        });
    const began = await look(first);
    const digits = first.locator('.digits');
    for (let changes = 0; changes < 4; changes += 1) {
        await expect(digits).not.toHaveText((await digits.textContent()) ?? '');
    }
    const [one, other] = [orders[0], orders[DRAWN - 1]];
    if (!one || !other) throw new Error('no orders');
    const behind = (other.times.placed_at - one.times.placed_at) / 1000;
    // Before the next second comes: what is seen is never old.
    const { says, at } = await look(far);
    const passed = (at - began.at + 86_400) % 86_400;
    // All of it is in whole seconds, and of the same tick.
    expect(Math.abs(says - (began.says + passed - behind))).toBeLessThan(2);
});

test.describe('a phone', () => {
    test.use({ viewport: { width: 390, height: 844 } });

    test('a long lane does not push the next one away', async ({ board, server }) => {
        const orders = await placed(server);
        for (const one of orders.slice(0, 3)) await server.move(one, 'accepted', 'preparing');
        await board.open();
        await board.page.getByRole('link', { name: /Prep$/ }).click();
        const title = board.laneTitle('Preparing');
        await expect(title).toBeInViewport();
        const top = () => title.evaluate((it) => it.getBoundingClientRect().top);
        const [before, drawn] = [await top(), await tickets(board, 'New').count()];
        for (const _ of ['first', 'second']) {
            const shown = await board.clocks();
            await expect.poll(() => board.clocks()).not.toEqual(shown);
        }
        expect(await top()).toBe(before);
        expect(await tickets(board, 'New').count()).toBe(drawn);
    });
});
