/** A kitchen with more open orders than any has, and how its figures are told. */

import type { Server } from '../fixtures/server';
import { type FoodOrder, type NewOrder, order } from '../fixtures/orders';

export const OPEN_ORDERS = 500;

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
export async function fill(server: Server): Promise<FoodOrder[]> {
    const orders: FoodOrder[] = [];
    for (let count = 0; count < OPEN_ORDERS; count += 50) {
        const batch = Array.from({ length: 50 }, async (_, index) => {
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
