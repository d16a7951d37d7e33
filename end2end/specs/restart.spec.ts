/** The server dies and comes back: the board says so, and ends with what the server has. */

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from '../fixtures';
import { type FoodOrder, order } from '../fixtures/orders';

test.beforeEach(({ faults }) => faults.allowLostConnections());

test('after kill -9 and a restart the board holds exactly the orders of the server', async ({ board, server }) => {
    const before: FoodOrder[] = [];
    for (let count = 0; count < 8; count += 1) before.push(await server.place(order()));
    const [moved, called, ...rest] = before as [FoodOrder, FoodOrder];
    await board.open();
    await board.holdsExactly(before);

    await server.kill('SIGKILL');
    await board.says(/Reconnecting/);
    await board.holdsExactly(before);

    await server.restart();
    const after = [await server.place(order()), await server.place(order())];
    await server.move(moved, 'accepted', 'preparing');
    await server.cancel(called, 'Customer called');
    await board.isLive(30_000);

    const ids = (orders: FoodOrder[]) => orders.map((one) => one.id).sort();
    expect(ids(await server.open())).toEqual(ids([moved, ...rest, ...after]));
    await expect(board.openTicket(called)).toHaveCount(0);
    await board.has(moved, 'Preparing');
    for (const one of [...rest, ...after]) await board.has(one, 'New');
});

test('killed again and again while orders come in, nothing is lost and nothing is twice', async ({ board, server }) => {
    await board.open();
    for (let round = 0; round < 3; round += 1) {
        const placing = Promise.allSettled(Array.from({ length: 20 }, () => server.place(order())));
        await server.place(order());
        await server.kill('SIGKILL');
        await placing;
        await server.restart();
    }
    await board.isLive(30_000);
    await board.holdsExactly(await server.open(), 20_000);
});

test('a server that is stopped says goodbye and does not wait for its readers', async ({ board, server }) => {
    const placed = await server.place(order());
    await board.open();
    const said = await board.overhear(board.chip);
    // The page reads on: a server that waited for it would not end at all.
    expect(await server.kill('SIGTERM')).toBe(0);
    // A break without a goodbye may be a blip, and has words only after 3 s. The server may take two to end.
    await expect.poll(said).toContainEqual(expect.stringMatching(/^Reconnecting… last update [0-2] s ago$/));

    await server.restart();
    await server.move(placed, 'accepted', 'preparing');
    await board.has(placed, 'Preparing');
    await board.isLive(30_000);
});

test('a database that is not the one before: the board takes what is there now', async ({ board, server }) => {
    for (let count = 0; count < 3; count += 1) await server.place(order());
    await board.open();
    await expect(board.tickets).toHaveCount(3);

    await server.kill('SIGKILL');
    const files = (await readdir(server.data)).filter((file) => file.startsWith('orders.db'));
    for (const file of files) await rm(join(server.data, file));
    await board.says(/Reconnecting/);
    await server.restart();
    // What went is told too: an empty lane is no "Nothing new". It is told for four seconds.
    const [placed] = await Promise.all([
        server.place(order({ customer: { name: 'Only one' } })),
        board.says(/^Live again\..* 3 gone while offline$/, 30_000),
    ]);
    await board.holdsExactly([placed], 30_000);
    await expect(board.ticket(placed).root).toContainText('Only one');
});
