/**
 * A dinner shift, twenty times as fast as time, on three screens at once. At its
 * end each screen shows what the server has, and has heard of every change once.
 *
 * It begins at the height of dinner and lasts some minutes of it; the whole of it,
 * up to the last ticket, is `SHIFT_MINUTES=300`.
 */

import type { Page } from '@playwright/test';

import type { Board } from '../board';
import { expect, test } from '../fixtures';
import type { FoodOrder, OrderItem } from '../fixtures/orders';
import type { Server } from '../fixtures/server';

const MINUTES = Number(process.env.SHIFT_MINUTES ?? 25);
const SPEED = 20;
/** What the shift takes, and as much again for a machine that is slow. */
const LIMIT_MS = (MINUTES / SPEED) * 60_000 * 2 + 60_000;

test.use({
    serverOptions: {
        command: 'demo',
        args: ['--seed', '7', '--speed', String(SPEED), '--shift', String(MINUTES)],
        env: { LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000' },
    },
});

const SCREENS = {
    grill: { title: 'Grill', role: 'prep', stations: ['grill'], view: 'columns' },
    fry: { title: 'Fry', role: 'prep', stations: ['fry'], view: 'grid' },
    expo: { title: 'Expo', role: 'expo', stations: [], view: 'grid' },
} as const;
type Name = keyof typeof SCREENS;
type View = 'columns' | 'grid';

/** An order as the server tells it, as far as a ticket shows it. */
interface Told extends FoodOrder {
    items: (OrderItem & { quantity_before?: number })[];
    source: { accept_by?: number };
    flags: FoodOrder['flags'] & { rush: boolean; changed: boolean; scheduled: boolean; cancel_unseen: boolean };
    last_change: { reason?: string; from?: string };
}

/** What a ticket says, in words that the server's orders can be put into too. */
interface Shown {
    number: number;
    /** Where it stands; in the grid all stand together. */
    lane: string;
    lines: string[];
    marks: string[];
}

// --- what the server has -------------------------------------------------------

const LANES: Record<string, string> = {
    placed: 'new',
    accepted: 'new',
    preparing: 'preparing',
    ready: 'ready',
    out_for_delivery: 'out',
};
/** The lanes that a role's grid has; columns have all. */
const IN_GRID = { prep: ['new', 'preparing'], expo: ['new', 'preparing', 'ready'] };

function line(item: Told['items'][number]): string {
    const { quantity_before: before, quantity, status } = item;
    const state = status === 'void' ? 'void' : before === 0 ? 'added' : status;
    const count = before && status !== 'void' ? `${before}→${quantity}` : String(quantity);
    return `${item.id} ${count} ${item.name} ${state}`;
}

/** How a screen has to show an order; nothing where it does not show it. */
function expected(name: Name, view: View, order: Told): Shown | undefined {
    const { role, stations } = SCREENS[name];
    const { flags, status } = order;
    const called = !!flags.cancel_unseen;
    const shown = order.items.filter((item) => !stations.length || (stations as readonly string[]).includes(item.station));
    const left = shown.filter((item) => item.status !== 'void');
    const isNew = (item: Told['items'][number]) => item.quantity_before !== undefined;
    const changed = !!flags.changed && (shown.some(isNew) || !order.items.some(isNew));
    let lane = LANES[(called ? order.last_change.from : status) ?? ''];
    if (!called) {
        const unanswered = status === 'placed' && order.source.accept_by !== undefined;
        if (flags.scheduled && !unanswered) return undefined;
        const made = left.length > 0 && left.every((item) => item.status === 'done');
        if (role === 'prep' && made && (status === 'accepted' || status === 'preparing')) lane = 'ready';
        else if (role === 'prep' && !left.length && !changed) return undefined;
    }
    if (lane === undefined || (view === 'grid' && !IN_GRID[role].includes(lane))) return undefined;
    const marks = { cancelled: called, changed: changed && !called, held: flags.held, rush: flags.rush };
    return {
        number: order.number,
        lane: view === 'grid' ? 'grid' : lane,
        lines: shown.map(line),
        marks: Object.entries(marks).flatMap(([mark, is]) => (is ? [mark] : [])),
    };
}

/** The server's list for a screen: what is open, and what was called off and nobody has said that they know. */
async function list(server: Server, name: Name): Promise<Told[]> {
    const station = SCREENS[name].stations.map((it) => `&station=${it}`).join('');
    const ask = (status: string) => server.ask<{ orders: Told[] }>('GET', `/api/orders?status=${status}&limit=1000${station}`);
    const [open, cancelled] = await Promise.all([ask('open'), ask('cancelled')]);
    return [...open.body.orders, ...cancelled.body.orders.filter((order) => order.flags.cancel_unseen)];
}

async function wanted(server: Server, name: Name, view: View): Promise<Shown[]> {
    const orders = await list(server, name);
    return sorted(orders.flatMap((order) => expected(name, view, order) ?? []));
}

const sorted = (tickets: Shown[]) => tickets.sort((a, b) => a.number - b.number);

// --- what a screen shows -------------------------------------------------------

/** Every ticket on the page. */
function tickets(): Shown[] {
    return Array.from(document.querySelectorAll<HTMLElement>('.stage [data-order]'), (ticket) => {
        const text = (part: Element | null) => (part?.textContent ?? '').trim();
        const lines = Array.from(ticket.querySelectorAll<HTMLElement>('[data-act^="item-"]'), (button) => {
            const state = ['void', 'added', 'done', 'doing'].find((it) => button.classList.contains(`is-${it}`)) ?? 'todo';
            const id = button.dataset.act?.slice('item-'.length) ?? '';
            return `${id} ${text(button.querySelector('.qty'))} ${text(button.querySelector('.name'))} ${state}`;
        });
        const marks = { cancelled: '.cancelled', changed: '.changed', held: '.badge-held', rush: '.badge-rush' };
        return {
            number: Number(text(ticket.querySelector('h3 .number'))),
            lane: ticket.closest('.lane')?.id.slice('lane-'.length) ?? 'grid',
            lines,
            marks: Object.entries(marks).flatMap(([mark, part]) => (ticket.querySelector(part) ? [mark] : [])),
        };
    });
}

/** Every ticket of the screen: those further down a lane, and those on the grid's other pages. */
async function shown(page: Page, view: View): Promise<Shown[]> {
    if (view === 'columns') {
        for (const more of await page.locator('.lanes .more').all()) {
            while (await more.textContent()) await more.dispatchEvent('click');
        }
        return sorted(await page.evaluate(tickets));
    }
    const of = async () => ((await page.locator('#pager-of').textContent()) ?? '').match(/\d+/g)?.map(Number) ?? [1, 1];
    const all: Shown[] = [];
    for (const [, pages = 1] = await of(), turned = { count: 0 }; turned.count < pages; turned.count += 1) {
        all.push(...(await page.evaluate(tickets)));
        const [at = 1, now = 1] = await of();
        if (now === 1) break;
        await page.locator('[data-act="page-next"]').first().dispatchEvent('click');
        await expect.poll(async () => (await of())[0]).not.toBe(at);
    }
    return sorted(all);
}

async function isEqual(server: Server, page: Page, name: Name, view: View, when: string): Promise<number> {
    let count = 0;
    await expect(async () => {
        const want = await wanted(server, name, view);
        count = want.length;
        expect(await shown(page, view), `${name}, ${view}, ${when}`).toEqual(want);
    }).toPass({ timeout: 60_000 });
    return count;
}

// --- what a screen has heard ---------------------------------------------------

interface Heard {
    /** The query of the first stream. */
    query: string;
    ids: string[];
    snapshots: number;
}

/** Writes down the id of every event that the streams bring. */
function listen(): void {
    const heard: Heard = { query: '', ids: [], snapshots: 0 };
    Object.assign(window, { heard });
    window.EventSource = class extends EventSource {
        readonly #named = new Set<string>();

        constructor(url: string | URL, options?: EventSourceInit) {
            super(url, options);
            heard.query ||= new URL(url, location.href).search.slice(1);
        }

        override addEventListener(name: string, ...rest: [never]): void {
            if ((name.startsWith('order.') || name === 'snapshot') && !this.#named.has(name)) {
                this.#named.add(name);
                super.addEventListener(name, (event: MessageEvent) => {
                    if (name === 'snapshot') heard.snapshots += 1;
                    else heard.ids.push(event.lastEventId);
                });
            }
            super.addEventListener(name, ...rest);
        }
    };
}

interface Logged {
    id: string;
    type: string;
}

/** Every event that a stream with `query` brings, from the log. */
async function log(server: Server, query: string): Promise<Logged[]> {
    const parameters = new URLSearchParams(query);
    parameters.set('limit', '1000');
    const events: Logged[] = [];
    for (;;) {
        const { body } = await server.ask<{ events: Logged[]; cursor: string; more: boolean }>('GET', `/api/events?${parameters}`);
        events.push(...body.events);
        if (!body.more) return events;
        parameters.set('after', body.cursor);
    }
}

// -------------------------------------------------------------------------------

test(`${MINUTES} minutes of dinner on three screens`, async ({ server, anotherBoard }, info) => {
    test.setTimeout(LIMIT_MS + 300_000);
    const screens: [Name, Board][] = [];
    for (const name of Object.keys(SCREENS) as Name[]) {
        await server.keepScreen(name, SCREENS[name]);
        const board = await anotherBoard();
        await board.page.addInitScript(listen);
        await board.page.goto(`/screens/${name}`);
        await board.isLive(30_000);
        screens.push([name, board]);
    }

    const over = await server.says(/^The shift is over/, LIMIT_MS);

    const figures = [`${MINUTES} minutes: ${over}`];
    for (const [name, { page }] of screens) {
        // What came was everything that is in the log, each once and in its order.
        let heard: Heard = { query: '', ids: [], snapshots: 0 };
        let logged: Logged[] = [];
        await expect(async () => {
            heard = await page.evaluate(() => (window as unknown as { heard: Heard }).heard);
            logged = await log(server, heard.query);
            expect(heard.ids, name).toEqual(logged.map((event) => event.id));
        }).toPass({ timeout: 60_000 });
        expect(heard.snapshots, `${name} had to read everything anew`).toBe(0);
        expect(heard.ids.length, name).toBeGreaterThan(10);

        const own = SCREENS[name].view;
        const other = own === 'grid' ? 'columns' : 'grid';
        const tickets = await isEqual(server, page, name, own, 'as it stood');
        await page.reload();
        await isEqual(server, page, name, own, 'loaded anew');
        await page.goto(`/screens/${name}?view=${other}`);
        const turned = await isEqual(server, page, name, other, 'laid out the other way');
        const kinds = [...new Set(logged.map((event) => event.type))].sort();
        const counts = kinds.map((kind) => `${kind} ${logged.filter((event) => event.type === kind).length}`);
        figures.push(`${name}: ${tickets} tickets (${own}), ${turned} (${other}); ${heard.ids.length} events: ${counts.join(', ')}`);
    }

    console.log(figures.join('\n'));
    info.annotations.push({ type: 'figures', description: figures.join('\n') });
});
