/** After a break the board has what the server has: nothing is missing, nothing is left over. */

import { expect, test } from '../../fixtures';
import { type FoodOrder, order } from '../../fixtures/orders';

test('row 3: what happened during a break is on the board, however it broke', async ({
    board,
    server,
    network,
    faults,
}) => {
    faults.allowLostConnections();
    const orders: FoodOrder[] = [];
    for (let count = 0; count < 4; count += 1) orders.push(await server.place(order()));
    await board.open();
    let loads = 0;
    board.page.on('load', () => (loads += 1));

    for (const breaks of ['cut', 'stall', 'strand', 'cut'] as const) {
        await network[breaks]();
        const gone = orders.shift() as FoodOrder;
        await server.move(gone, 'accepted', 'preparing', 'ready', 'completed');
        orders.push(await server.place(order()), await server.place(order()));
        await network.restore();
        await board.holdsExactly(orders, 30_000);
    }
    await board.isLive(20_000);
    expect((await server.open()).map((one) => one.number).sort()).toEqual(orders.map((one) => one.number).sort());
    expect(loads, 'nobody had to load the page anew').toBe(0);
});
