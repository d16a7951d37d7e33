/** What stands on the boards of the manual's pictures. */

import { edit, keepScreen, mark } from '../fixtures/kitchen';
import type { FoodOrder, NewItem, NewOrder } from '../fixtures/orders';
import type { Server } from '../fixtures/server';

type Line = Omit<NewItem, 'name' | 'quantity'>;

const line = (quantity: number, name: string, station: string, more: Line = {}): NewItem => ({
    quantity,
    name,
    station,
    ...more,
});
const MENU = {
    burger: (quantity = 1, more: Line = {}) => line(quantity, 'Cheeseburger', 'grill', more),
    steak: (quantity = 1, more: Line = {}) => line(quantity, 'Rump steak', 'grill', more),
    fries: (quantity = 1, more: Line = {}) => line(quantity, 'Fries', 'fry', more),
    rings: (quantity = 1, more: Line = {}) => line(quantity, 'Onion rings', 'fry', more),
    salad: (quantity = 1, more: Line = {}) => line(quantity, 'Caesar salad', 'cold', more),
    tiramisu: (quantity = 1, more: Line = {}) => line(quantity, 'Tiramisu', 'cold', more),
    tea: (quantity = 1, more: Line = {}) => line(quantity, 'Iced tea', 'bar', more),
    thai: (quantity = 1, more: Line = {}) => line(quantity, 'Pad thai', 'wok', more),
};
const no = (name: string) => ({ kind: 'no' as const, name });
const add = (name: string) => ({ kind: 'add' as const, name });

type How = NonNullable<NewOrder['fulfilment']>['type'];

/** An order of `name`, promised for `minutes` from now. */
function wanted(name: string, type: How, minutes: number, items: NewItem[], more: Partial<NewOrder> = {}): NewOrder {
    return {
        source: { channel: { pickup: 'web', delivery: 'partner', dine_in: 'till', curbside: 'phone' }[type] },
        customer: { name },
        items,
        ...more,
        fulfilment: { type, due_at: Date.now() + minutes * 60_000 - 20_000, ...more.fulfilment, ...(type === 'delivery' ? { address: '12 Mill Lane' } : {}) },
    };
}

/** A table's order; `tables` are only told apart by their number. */
function table(number: string, minutes: number, items: NewItem[], more: Partial<NewOrder> = {}): NewOrder {
    return wanted('', 'dine_in', minutes, items, { ...more, fulfilment: { type: 'dine_in', due_at: Date.now() + minutes * 60_000 - 20_000, table: number } });
}

export interface Evening {
    late: FoodOrder;
    changed: FoodOrder;
    cancelled: FoodOrder;
    making: FoodOrder;
}

/** A kitchen at half past seven: late, soon, rushed, held, changed and called off. */
export async function evening(server: Server): Promise<Evening> {
    const { burger, steak, fries, rings, salad, tiramisu, tea, thai } = MENU;
    const place = (order: NewOrder) => server.place(order);
    const accept = async (order: NewOrder) => server.move(await place(order), 'accepted');
    const make = async (order: NewOrder) => server.move(await place(order), 'accepted', 'preparing');

    const late = await make(table('7', -2, [thai(1, { allergens: ['peanut'], modifiers: [no('peanut'), { kind: 'sub', name: 'tofu' }] }), rings(2)]));
    await server.tick(late, 2, 'done');
    const changed = await make(table('12', 6, [burger(2, { modifiers: [no('onion'), add('bacon')] }), fries(2), tea(2)]));
    await edit(server, changed, { quantities: [{ item: 2, quantity: 3 }], remove: [3], add: [line(1, 'Lemonade', 'bar')] });
    const making = await make(wanted('Maria K', 'pickup', 3, [steak(1, { note: 'medium rare, sauce on the side' }), salad()]));
    await mark(server, making, ['cold'], 'done');
    const cancelled = await make(wanted('Jonas W', 'delivery', 12, [burger(3), fries(3)]));
    await accept(wanted('Ana Ž', 'pickup', 11, [salad(2, { modifiers: [no('anchovies')] }), tea()], { rush: true }));
    const held = await accept(table('4', 14, [steak(2), fries(), salad()]));
    await edit(server, held, { held: true });
    await make(
        table('20', 16, [
            burger(4, { modifiers: [no('onion')] }),
            burger(2, { modifiers: [add('bacon'), { kind: 'extra', name: 'cheese' }] }),
            steak(2, { note: 'one rare, one well done' }),
            thai(2, { modifiers: [{ kind: 'sub', name: 'tofu' }] }),
            fries(5),
            rings(3),
            salad(3, { modifiers: [no('croutons')] }),
            tea(6),
            tiramisu(4),
        ]),
    );
    await place(wanted('Li W', 'curbside', 18, [burger(), rings()]));
    await place(wanted('Tom B', 'delivery', 19, [thai(2), tea(2)]));
    await place(table('9', 20, [burger(1, { modifiers: [no('cheese')] }), fries(1, { note: 'extra crisp' })]));
    await place(wanted('Rosa P', 'pickup', 22, [salad(), tiramisu()]));
    for (const [name, how] of [['Eva M', 'pickup'], ['Sam O', 'delivery']] as const) {
        const ready = await make(wanted(name, how, 8, [burger(), fries()]));
        // The last station that is done makes it ready.
        await mark(server, ready, ['grill', 'fry'], 'done');
    }
    await server.move(await make(wanted('Nia D', 'delivery', 9, [thai(), tea()])), 'ready', 'out_for_delivery');
    for (const name of ['Ben T', 'Ida F', 'Max R']) {
        await server.move(await make(wanted(name, 'pickup', 5, [burger()])), 'ready', 'completed');
    }
    await place(wanted('Office party', 'delivery', 240, [burger(12), fries(12), salad(6)]));
    await place(wanted('Clara N', 'pickup', 120, [tiramisu(8)]));
    await server.cancel(await server.read(cancelled.id), 'Customer called');
    return { late, changed, cancelled, making };
}

/** A screen of 15.6 inches, near at hand. */
const NEAR = { diagonal_in: 15.6, width_px: 1366, height_px: 768, distance_m: 0.6 };

/** The screens of that kitchen. */
export async function screens(server: Server): Promise<void> {
    await keepScreen(server, 'grill', { ...NEAR, title: 'Grill', stations: ['grill'], view: 'grid' });
    await keepScreen(server, 'fry', { ...NEAR, title: 'Fry', stations: ['fry'], view: 'grid', digits: 'bump', bump_bar: true });
    await keepScreen(server, 'expo', { ...NEAR, title: 'Expo', role: 'expo', view: 'grid' });
    await keepScreen(server, 'pass', { title: 'Pass, from 2 m', role: 'expo', view: 'grid', diagonal_in: 43, width_px: 1920, height_px: 1080, distance_m: 2 });
    await keepScreen(server, 'kueche', { ...NEAR, title: 'Küche', role: 'expo', view: 'grid', language: 'de' });
    await keepScreen(server, 'matbakh', { ...NEAR, title: 'المطبخ', role: 'expo', view: 'grid', language: 'ar' });
}
