/**
 * A server that misbehaves on the stream, whatever it is that stands between: the board
 * never looks live while it is not, shows no half of a change, does not hammer at it, and
 * is what the server has as soon as that behaves.
 */

import type { Page } from '@playwright/test';

import type { Lane } from '../board';
import { test as base, expect } from '../fixtures';
import { stopClock } from '../fixtures/clock';
import { type FoodOrder, order } from '../fixtures/orders';
import { type Exchange, type Trick, Unruly } from '../fixtures/unruly';

const test = base.extend<{ unruly: Unruly }>({
    unruly: async ({ server }, use) => {
        const unruly = await Unruly.start(() => new URL(server.url));
        await use(unruly);
        unruly.close();
    },
    baseURL: async ({ unruly }, use) => use(unruly.url),
});

/** Frames up to the first one of `event`, of that the first half, and then `ends`. */
function half(event: string, ends: (exchange: Exchange) => void): Trick {
    return async (exchange) => {
        exchange.head();
        for await (const frame of exchange.frames()) {
            if (frame.includes(`event: ${event}`)) {
                exchange.send(frame.slice(0, frame.length / 2));
                return ends(exchange);
            }
            exchange.send(frame);
        }
    };
}

/** The real stream, each frame of it as `change` makes it. */
function rewritten(change: (frame: string) => string | undefined): Trick {
    return (exchange) => {
        exchange.head();
        return exchange.pass(change);
    };
}

const isOfOrders = (frame: string) => /^event: (order\.|snapshot$)/m.test(frame);
const isBeat = (frame: string) => /^event: heartbeat$/m.test(frame);
const unknown = (frame: string) => (isOfOrders(frame) ? frame.replace(/^event: .*$/m, 'event: order.unseen') : frame);
const broken = (frame: string) => frame.replace(/^data: .*$/m, (line) => line.slice(0, line.length / 2));

/** Hello, and then `ends`. */
function hello(ends: (exchange: Exchange) => void): Trick {
    return async (exchange) => {
        exchange.head();
        for await (const frame of exchange.frames()) {
            exchange.send(frame);
            return ends(exchange);
        }
    };
}

/** When something cannot be read for the first time, the page is loaded anew. */
const LOADED_ANEW = 'orders in broken JSON';

const TRICKS: Record<string, Record<string, Trick>> = {
    'a stream that is cut short': {
        'half an order and the end': half('order.', (exchange) => exchange.end()),
        'half an order and a cut': half('order.', (exchange) => exchange.cut()),
        'half an order and silence': half('order.', () => undefined),
        'half a hello and the end': half('hello', (exchange) => exchange.end()),
        'hello and the end': hello((exchange) => exchange.end()),
        'hello and a cut': hello((exchange) => exchange.cut()),
        'hello and silence': hello(() => undefined),
    },
    'no stream at all': {
        'the head and the end': (exchange) => {
            exchange.head();
            exchange.end();
        },
        'the head and silence': (exchange) => exchange.head(),
        'nothing': () => undefined,
        'a cut': (exchange) => exchange.cut(),
        'bytes': (exchange) => {
            exchange.head();
            exchange.send(Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 167 + (at >> 8)) & 255)));
        },
        'a page that says it is one': (exchange) => {
            exchange.head();
            exchange.send('<!doctype html>\n<title>Log in</title>\n\n<p>data: none\n\n'.repeat(100));
            exchange.end();
        },
    },
    'another answer': {
        'another type of content': (exchange) => {
            exchange.head('text/html');
            return exchange.pass();
        },
        'no type of content': (exchange) => {
            exchange.response.writeHead(200).flushHeaders();
            return exchange.pass();
        },
        '204': (exchange) => exchange.answer(204),
        '500': (exchange) => exchange.answer(500),
        '429 and when to come back': (exchange) => exchange.answer(429, { 'Retry-After': '3600' }),
    },
    'a way to elsewhere': {
        'to nothing, for ever': (exchange) => exchange.answer(301, { Location: '/nowhere' }),
        'to what is no stream, for now': (exchange) => exchange.answer(307, { Location: '/health/live' }),
        'to another origin': (exchange) => exchange.answer(307, { Location: 'http://localhost:9/live-orders' }),
        'to itself, for ever': (exchange) => exchange.answer(301, { Location: exchange.path }),
        'to itself, for now': (exchange) => exchange.answer(307, { Location: exchange.path }),
    },
    'a stream that says something else': {
        'everything but heartbeats': rewritten((frame) => (isBeat(frame) ? undefined : frame)),
        'nothing but heartbeats': rewritten((frame) => (isBeat(frame) ? frame : undefined)),
        'orders of a type that nobody knows': rewritten(unknown),
        'the same, and half a snapshot and the end': async (exchange) => {
            exchange.head();
            for await (const frame of exchange.frames()) {
                if (frame.includes('event: snapshot')) {
                    exchange.send(frame.slice(0, frame.length / 2));
                    return exchange.end();
                }
                exchange.send(unknown(frame));
            }
        },
        [LOADED_ANEW]: rewritten((frame) => (isOfOrders(frame) ? broken(frame) : frame)),
        'everything in broken JSON': rewritten(broken),
    },
};

/** What the page has been seen to be. */
interface Look {
    look: string;
    numbers: number[];
}

interface Watched {
    opened: () => void;
    looks: (look: string, numbers: number[]) => void;
}

/** Counts the connections that a page opens, also after a reload. */
async function countOpened(page: Page): Promise<() => number> {
    let opened = 0;
    await page.exposeFunction('opened', () => (opened += 1));
    await page.addInitScript(() => {
        window.EventSource = class extends EventSource {
            constructor(...args: ConstructorParameters<typeof EventSource>) {
                super(...args);
                (window as unknown as Watched).opened();
            }
        };
    });
    return () => opened;
}

/** Tells what the page looks like at each change, and what is on it then. */
function watch(): void {
    const chip = document.querySelector('#chip');
    if (!chip) return;
    const numbers = () =>
        Array.from(document.querySelectorAll('.stage article h3'), (heading) => Number(/\d+/.exec(heading.textContent)?.[0]));
    const tell = () => (window as unknown as Watched).looks(chip.className, numbers());
    new MutationObserver(tell).observe(chip, { attributes: true });
}

/** How something is waited for by steps of the page's clock: one after the other. */
const STEPS = { timeout: 60_000, intervals: [10] };

// Thousands of such steps: a machine that is busy takes its time.
test.setTimeout(240_000);

/** Connections that a page opens at most in 40 s of its time, which are refused at once. */
const OPENED_MOST = 16;

for (const [kind, tricks] of Object.entries(TRICKS)) {
    test(`${kind}: the board does not look live, and is right when it is over`, async ({ board, page, server, unruly, faults }) => {
        faults.allowLostConnections();
        faults.allow(/EventSource's response has a MIME type/, /blocked by CORS policy/, /Content Security Policy/);
        let looks: Look[] = [];
        let loads = 0;
        page.on('load', () => (loads += 1));
        await page.exposeFunction('looks', (look: string, numbers: number[]) => looks.push({ look, numbers }));
        const opened = await countOpened(page);
        await page.addInitScript(`addEventListener('DOMContentLoaded', ${watch.toString()})`);
        await page.clock.install();
        const chip = page.locator('#chip');
        /** Lets time go on until `what` is so. */
        const becomes = async (what: () => Promise<unknown>, so: unknown) => {
            const after = async () => {
                await page.clock.runFor(250);
                return what();
            };
            await expect.poll(after, STEPS).toEqual(so);
        };
        const isLive = async () => /is-live/.test((await chip.getAttribute('class')) ?? '');
        const count = (order: FoodOrder, lane: Lane) => board.ticketIn(order, lane).count();

        await board.open();
        await stopClock(page);
        for (const [what, trick] of Object.entries(tricks)) {
            await test.step(what, async () => {
                const moved = await server.place(order());
                await becomes(() => count(moved, 'New'), 1);
                await becomes(isLive, true);

                looks = [];
                loads = 0;
                const before = opened();
                const began = Date.now();
                // Not before there is something to be missed: the browser comes back by a clock of its own.
                let begin = () => {};
                const begun = new Promise<void>((resolve) => (begin = resolve));
                unruly.misbehave(async (exchange) => {
                    await begun;
                    return trick(exchange);
                });
                const missed = [await server.place(order())];
                await server.move(moved, 'accepted', 'preparing');
                begin();
                // By the page's clock, and until it has tried again.
                for (let gone = 0; gone < 40_000 || unruly.attempts < 2; gone += 1_000) {
                    if (gone === 15_000) {
                        // A page that was loaded anew has all until then, and rightly says so.
                        if (what === LOADED_ANEW) await becomes(() => Promise.resolve(loads), 1);
                        missed.push(await server.place(order()));
                    }
                    await page.clock.runFor(1_000);
                }
                expect(loads, `${what}: loaded anew`).toBe(what === LOADED_ANEW ? 1 : 0);
                expect(await isLive(), what).toBe(false);
                await expect(board.chip, what).not.toHaveText('Live');
                const wrong = looks.filter(
                    ({ look, numbers }) => look.includes('is-live') && !missed.some((it) => numbers.includes(it.number)),
                );
                expect(wrong, `${what}: it was not live`).toEqual([]);
                // What the browser does by itself, it does every two seconds, or is stopped; and
                // it follows twenty ways to elsewhere, whatever a page would have it do.
                const connections = opened() - before;
                const most = (4 * connections + (Date.now() - began) / 2_000 + 1) * (what.includes('itself') ? 21 : 1);
                expect(connections, `${what}: connections that were opened`).toBeLessThan(OPENED_MOST);
                expect(unruly.attempts, `${what}: requests`).toBeLessThan(most);

                unruly.behave();
                await becomes(isLive, true);
                const open = await server.open();
                await becomes(() => board.numbers(), open.map(({ number }) => number).sort((a, b) => a - b));
                for (const one of missed) await becomes(() => count(one, 'New'), 1);
                await becomes(() => count(moved, 'Preparing'), 1);

                // Few tickets are quick to draw.
                for (const { id } of open) {
                    const now = await server.read(id);
                    const left = ['accepted', 'preparing', 'ready', 'completed'] as const;
                    await server.move(now, ...left.slice(left.findIndex((status) => status === now.status) + 1));
                }
                await becomes(() => board.numbers(), []);
            });
        }
    });
}

test('who is told to come back at once does not come all the time', async ({ board, page, server, unruly, faults }) => {
    faults.allowLostConnections();
    await page.clock.install();
    await board.open();
    await stopClock(page);
    unruly.misbehave(async (exchange) => {
        exchange.head();
        for await (const frame of exchange.frames()) {
            exchange.send(frame.replace(/^retry: .*$/m, 'retry: 0'));
            if (isBeat(frame)) return exchange.end();
        }
    });
    const asked = async () => {
        await page.clock.runFor(20);
        return unruly.attempts;
    };
    await expect.poll(asked, STEPS).toBeGreaterThan(2);
    const before = unruly.attempts;
    // Three seconds of the page's time, in which a browser that is left alone asks whenever it can.
    for (let step = 0; step < 150; step += 1) await asked();
    expect(unruly.attempts - before).toBeLessThan(20);

    const missed = await server.place(order());
    unruly.behave();
    const isThere = async () => {
        await page.clock.runFor(250);
        return board.ticketIn(missed, 'New').count();
    };
    await expect.poll(isThere, STEPS).toBe(1);
    await expect(page.locator('#chip')).toHaveClass(/is-live/);
});

test('a first byte that is slow is waited for', async ({ board, page, server, unruly, faults }) => {
    faults.allowLostConnections();
    const opened = await countOpened(page);
    await page.clock.install();
    await board.open();
    await stopClock(page);
    let comes = () => {};
    const slow = new Promise<void>((resolve) => (comes = resolve));
    unruly.misbehave(async (exchange) => {
        await slow;
        exchange.head();
        return exchange.pass();
    });
    const missed = await server.place(order());
    const chip = page.locator('#chip');
    const before = opened();
    const hasTried = async () => {
        await page.clock.runFor(250);
        return opened();
    };
    await expect.poll(hasTried, STEPS).toBe(before + 1);
    await page.clock.runFor(5_000);
    await expect(chip).not.toHaveClass(/is-live/);
    // The same connection, and no other.
    comes();
    await expect(chip).toHaveClass(/is-live/);
    await board.has(missed, 'New');
    expect(opened()).toBe(before + 1);
});
