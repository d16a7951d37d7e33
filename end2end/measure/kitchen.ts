/** A kitchen with more open orders than any has, what goes on in it, and how its figures are told. */

import { setTimeout as pause } from 'node:timers/promises';

import type { Page } from '@playwright/test';

import type { Server } from '../fixtures/server';
import { type FoodOrder, type NewOrder, order } from '../fixtures/orders';

export const OPEN_ORDERS = 500;
export const CHANGES_A_SECOND = 20;

const STATIONS = ['grill', 'fry', 'cold', 'bar'];

export function busyOrder(count: number): NewOrder {
    return order({
        customer: { name: `Guest ${count}` },
        fulfilment: { type: count % 3 ? 'pickup' : 'delivery' },
        items: [1, 2, 3].map((line) => ({
            name: `Dish ${(count + line) % 40}`,
            quantity: line,
            station: STATIONS[(count + line) % STATIONS.length] ?? 'grill',
            modifiers: line === 1 ? [{ kind: 'no' as const, name: 'onion' }] : [],
        })),
    });
}

/** Spread over the lanes as a kitchen is. */
export async function fill(server: Server, open = OPEN_ORDERS): Promise<FoodOrder[]> {
    const orders: FoodOrder[] = [];
    for (let count = 0; count < open; count += 50) {
        const batch = Array.from({ length: Math.min(50, open - count) }, async (_, index) => {
            const placed = await server.place(busyOrder(count + index));
            switch (index % 4) {
                case 0:
                    return placed;
                case 1:
                    return server.move(placed, 'accepted');
                case 2:
                    return server.move(placed, 'accepted', 'preparing');
                default:
                    return server.move(placed, 'accepted', 'preparing', 'ready');
            }
        });
        orders.push(...(await Promise.all(batch)));
    }
    return orders;
}

export function percentile(sorted: number[], share: number): number {
    return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/**
 * One change after the other at an even pace, until `stop` says so; gives how
 * many were made. Items are ticked, tickets move, and with `flow` orders are
 * handed out and others come for them.
 */
export async function change(server: Server, orders: FoodOrder[], stop: AbortSignal, flow = false): Promise<number> {
    const started = performance.now();
    let changes = 0;
    for (let count = 0; !stop.aborted; count += 1) {
        const due = started + (changes * 1000) / CHANGES_A_SECOND;
        await pause(Math.max(0, due - performance.now()));
        const at = (count * 7) % orders.length;
        const known = orders[at];
        if (!known) continue;
        // Read anew: a tap may have met a ticket that had just moved under it.
        const now = await server.read(known.id);
        changes += 1;
        if (flow && count % 10 === 0) {
            const rest = (['accepted', 'preparing', 'ready'] as const).filter(
                (status, place, all) => !all.slice(place).includes(now.status as typeof status),
            );
            await server.move(now, ...rest, 'completed');
            orders[at] = await server.place(busyOrder(count));
            changes += rest.length + 1;
        } else if (now.status === 'preparing' && count % 3 === 0) orders[at] = await server.move(now, 'ready');
        else if (now.status === 'ready' && count % 3 === 0) orders[at] = await server.move(now, 'preparing');
        else if (now.status === 'accepted' && count % 3 === 0) orders[at] = await server.move(now, 'preparing');
        else if (now.status === 'placed' && count % 3 === 0) orders[at] = await server.move(now, 'accepted');
        else if (now.status !== 'ready') {
            orders[at] = await server.tick(now, 1, now.items[0]?.status === 'done' ? 'todo' : 'done');
        } else changes -= 1;
    }
    return changes;
}

/** From the moment the hardware reports a tap to the frame after the one that its handlers ran in. */
export function watchTaps(): void {
    const seen = window as unknown as { taps: number[]; ways: number[][]; slowest: number };
    seen.taps = [];
    seen.ways = [];
    seen.slowest = 0;
    addEventListener(
        'click',
        (tap) => {
            const way = [performance.now() - tap.timeStamp];
            requestAnimationFrame(() => {
                way.push(performance.now() - tap.timeStamp);
                const painted = new MessageChannel();
                painted.port1.onmessage = () => {
                    way.push(performance.now() - tap.timeStamp);
                    seen.ways.push(way);
                    seen.taps.push(performance.now() - tap.timeStamp);
                };
                painted.port2.postMessage(null);
            });
        },
        { capture: true },
    );
    // The browser's own figure for the same thing, in steps of 8 ms.
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) seen.slowest = Math.max(seen.slowest, entry.duration);
    }).observe({ type: 'event', durationThreshold: 16, buffered: true } as PerformanceObserverInit);
}

/**
 * The middle of an order's first line, once it is on the screen and what came of
 * that is drawn: a finger comes after the eye. Asked of the page itself: a
 * locator by role would work out the names of 500 tickets, and wait for a board
 * to stand still that never does.
 */
export async function bringIntoView(order: string): Promise<{ x: number; y: number }> {
    const line = () => {
        const item = document.querySelector(`[data-order="${order}"] [data-act="item-1"]`);
        if (!item) throw new Error(`no line of ${order}`);
        return item;
    };
    line().scrollIntoView({ block: 'center', behavior: 'instant' });
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
    const box = line().getBoundingClientRect();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** When each tap was taken up, when its frame began, and when that was over, in milliseconds. */
export const ways = (page: Page) => page.evaluate(() => (window as unknown as { ways: number[][] }).ways);

/** How long each tap has taken so far, in milliseconds. */
export const taps = (page: Page) => page.evaluate(() => (window as unknown as { taps: number[] }).taps);
