/** A board of one station shows what that station has to do, and nothing else. */

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';

const grill = order({ items: [{ name: 'Cheeseburger', quantity: 1, station: 'grill' }] });
const bar = order({ items: [{ name: 'Iced tea', quantity: 1, station: 'bar' }] });
const both = order({ items: [...grill.items, ...bar.items] });

test('only orders with work for the station are on its board, served and streamed', async ({ board, server }) => {
    const served = [await server.place(grill), await server.place(both)];
    await server.place(bar);
    await board.open('?station=grill');
    await board.holdsExactly(served);

    await server.place(bar);
    const streamed = await server.place(grill);
    await board.holdsExactly([...served, streamed]);
});

test('a board of a station that is cut off resumes where it was', async ({ board, server, network, faults }) => {
    faults.allowLostConnections();
    const first = await server.place(grill);
    await board.open('?station=grill');
    await network.cut();
    await server.place(bar);
    const second = await server.place(grill);
    await network.restore();
    await board.holdsExactly([first, second], 20_000);
    await board.isLive(20_000);
});

test('the station is chosen on the board', async ({ board, server }) => {
    const kept = await server.place(grill);
    await server.place(bar);
    await board.open();
    await expect(board.tickets).toHaveCount(2);
    await board.station('grill').click();
    await board.holdsExactly([kept]);
    expect(new URL(board.page.url()).searchParams.get('station')).toBe('grill');
    await board.isLive();
});

test('a board of a station with nothing to do says where the orders are', async ({ board, server }) => {
    await server.place(bar);
    await board.open('?station=grill');
    await board.says('No grill items.');
    await board.says(/1 order elsewhere/);
    await board.page.getByRole('link', { name: 'Show all' }).click();
    await expect(board.tickets).toHaveCount(1);
});
