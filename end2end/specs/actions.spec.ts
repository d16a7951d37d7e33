/** What staff do to a ticket: shown as pending until the server confirms it, and undone with the reason when it refuses. */

import { expect, test } from '../fixtures';
import { order, refusal } from '../fixtures/orders';

test('a bump is pending until the stream confirms it', async ({ board, server }) => {
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open();

    let letThrough = () => {};
    const held = new Promise<void>((resolve) => (letThrough = resolve));
    await board.page.route('**/transitions', async (route) => {
        await held;
        await route.continue();
    });
    await board.ticket(accepted).bump();
    await board.ticket(accepted).isPending();
    expect((await server.read(accepted.id)).status).toBe('accepted');

    letThrough();
    await board.has(accepted, 'Preparing');
    await board.ticket(accepted).isSettled();
});

test('a bump that comes too late is refused, with the reason', async ({ board, server, faults }) => {
    faults.allow(/Failed to load resource.*412/);
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open();

    // Somebody else is faster, by the time the request is on its way.
    await board.page.route('**/transitions', async (route) => {
        await server.move(accepted, 'preparing');
        await route.continue();
    });
    await board.ticket(accepted).bump();
    await board.ticket(accepted).isRefused(/\w/);
    await board.has(accepted, 'Preparing');
    await board.ticket(accepted).isSettled();
    expect((await server.read(accepted.id)).status).toBe('preparing');
});

test('a bump that the server cannot store comes back', async ({ board, server, faults }) => {
    faults.allow(/Failed to load resource.*503/);
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open();

    await board.page.route('**/transitions', (route) => route.fulfill(refusal('The disk is full.')));
    await board.ticket(accepted).bump();
    await board.ticket(accepted).isRefused('The disk is full.');
    await board.has(accepted, 'New');
    await board.ticket(accepted).isSettled();

    await board.page.unroute('**/transitions');
    await board.ticket(accepted).retry();
    await board.has(accepted, 'Preparing');
});

test('a bump whose answer is lost is done as soon as the stream shows it', async ({ board, server, network, faults }) => {
    faults.allowLostConnections();
    const early = await server.move(await server.place(order()), 'accepted');
    const late = await server.move(await server.place(order()), 'accepted');
    await board.open();

    // The stream is faster than the answer that never comes.
    await board.page.route('**/transitions', async (route) => {
        await route.fetch();
        await board.has(early, 'Preparing');
        await route.abort();
    });
    await board.ticket(early).bump();
    await board.has(early, 'Preparing');
    await board.ticket(early).isSettled();
    await expect(board.ticket(early).root).not.toContainText(/Not (saved|confirmed)/);

    // The stream comes later than the failure, and takes it back. (Loaded anew,
    // because a second press at once is taken for a slip.)
    await board.open();
    await board.page.unroute('**/transitions');
    let tries = 0;
    await board.page.route('**/transitions', async (route) => {
        // What waits is sent again with the next heartbeat: that is no second stall.
        tries += 1;
        if (tries === 1) network.stall();
        await route.abort();
    });
    await board.ticket(late).bump();
    await expect(board.ticket(late).root).toContainText('Not confirmed – waiting to be sent again');
    await server.move(late, 'preparing');
    await network.restore();
    await board.has(late, 'Preparing');
    await expect(board.ticket(late).root).not.toContainText(/Not (saved|confirmed)/);
});

test('a cancel that was refused does not hide one that was not', async ({ board, server, faults }) => {
    faults.allow(/Failed to load resource.*503/);
    const preparing = await server.move(await server.place(order()), 'accepted', 'preparing');
    await board.open();
    await board.page.route('**/transitions', (route) => route.fulfill(refusal('The disk is full.')));
    const ticket = board.ticket(preparing);
    await ticket.cancel('Closing');
    await ticket.isRefused('The disk is full.');

    // This screen's cancel came to nothing: somebody else's has to be seen here.
    await server.cancel(preparing, 'Customer called');
    await expect(ticket.root).toContainText('Customer called');
    await ticket.root.getByRole('button', { name: /^Got it/ }).click();
    await expect(board.tickets).toHaveCount(0);
});

test('what a server does not know of is asked for again', async ({ board, server, faults }) => {
    faults.allow(/Failed to load resource.*503/);
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await board.page.route('**/transitions', (route) =>
        route.fulfill(refusal('The disk does not answer as it should.', 'outcome_unknown')),
    );
    await board.ticket(accepted).bump();
    await expect(board.ticket(accepted).root).toContainText('Not confirmed – waiting to be sent again');
    expect((await server.read(accepted.id)).version).toBe(accepted.version);
    await board.page.unroute('**/transitions');
    await board.has(accepted, 'Preparing');
    await board.ticket(accepted).isSettled();
    expect((await server.read(accepted.id)).version).toBe(accepted.version + 1);
});

test("a proxy's answer is not the server's", async ({ board, server, faults }) => {
    faults.allow(/Failed to load resource.*502/);
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await board.page.route('**/transitions', (route) =>
        route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>502 Bad Gateway</h1>' }),
    );
    await board.ticket(accepted).bump();
    await expect(board.ticket(accepted).root).toContainText('Not confirmed – waiting to be sent again');

    // The request had come through after all.
    await server.move(accepted, 'preparing');
    await board.has(accepted, 'Preparing');
    await expect(board.ticket(accepted).root).not.toContainText(/Not (saved|confirmed)/);
});

test('a bump whose answer is lost was done, even if the order has gone on', async ({ board, server, faults }) => {
    faults.allowLostConnections();
    const accepted = await server.move(await server.place(order()), 'accepted');
    await board.open();
    await board.page.route('**/transitions', async (route) => {
        await route.fetch();
        const order = await server.read(accepted.id);
        await server.move(order, 'ready');
        await board.has(accepted, 'Ready');
        await route.abort();
    });
    await board.ticket(accepted).bump();
    await board.has(accepted, 'Ready');
    await board.ticket(accepted).isSettled();
    await expect(board.ticket(accepted).root).not.toContainText(/Not (saved|confirmed)/);
});

test('a ticket that another screen cancels while an item is being ticked stays to be seen', async ({
    board,
    server,
    faults,
}) => {
    faults.allow(/Failed to load resource.*(409|412)/);
    const preparing = await server.move(await server.place(order()), 'accepted', 'preparing');
    await board.open();

    let letThrough = () => {};
    const held = new Promise<void>((resolve) => (letThrough = resolve));
    await board.page.route('**/items/*', async (route) => {
        await held;
        await route.continue();
    });
    await board.ticket(preparing).item('Cheeseburger').click();
    await expect(board.ticket(preparing).item('Cheeseburger')).toHaveClass(/is-ticking/);
    await server.cancel(preparing, 'Guest left');
    const ticket = board.ticket(preparing).root;
    await expect(ticket).toContainText('Guest left');

    letThrough();
    await expect(ticket).toContainText('Not saved');
    await expect(ticket).toContainText(/cancelled/i);
    await ticket.getByRole('button', { name: /^Got it/ }).click();
    await expect(board.tickets).toHaveCount(0);
});

test('a bump is undone', async ({ board, server }) => {
    const preparing = await server.move(await server.place(order()), 'accepted', 'preparing');
    await board.open();
    await board.ticket(preparing).bump();
    await board.has(preparing, 'Ready');

    await board.undo();
    await board.has(preparing, 'Preparing');
    expect((await server.read(preparing.id)).status).toBe('preparing');
});

test('a ticket that was bumped off the board is recalled by undo', async ({ board, server }) => {
    const ready = await server.move(await server.place(order()), 'accepted', 'preparing', 'ready');
    await board.open();
    await board.ticket(ready).bump();
    await expect(board.ticketIn(ready, 'Ready')).toHaveCount(0);

    await board.undo();
    await board.has(ready, 'Ready');
    expect((await server.read(ready.id)).status).toBe('ready');
});

test('a ready ticket is recalled to the kitchen', async ({ board, server }) => {
    const ready = await server.move(await server.place(order()), 'accepted', 'preparing', 'ready');
    await board.open();
    await board.ticket(ready).recall();
    await board.has(ready, 'Preparing');
    await expect(board.ticket(ready).root).toContainText(/recalled/i);
});

test('an order that was handed out by mistake is brought back from the list', async ({ board, server }) => {
    const completed = await server.move(await server.place(order()), 'accepted', 'preparing', 'ready', 'completed');
    await board.open();
    await board.recallFromList(completed);
    await board.has(completed, 'Ready');
    expect((await server.read(completed.id)).status).toBe('ready');
});

test('an order that nobody has accepted is rejected', async ({ board, server }) => {
    const placed = await server.place(order());
    await board.open();
    await board.ticket(placed).cancel('Closing');
    await expect.poll(async () => (await server.read(placed.id)).status).toBe('rejected');
    await expect(board.tickets).toHaveCount(0);
});

test('a ticket is cancelled with a reason', async ({ board, anotherBoard, server }) => {
    const preparing = await server.move(await server.place(order()), 'accepted', 'preparing');
    const other = await anotherBoard();
    await board.open();
    await other.open();

    await board.ticket(preparing).cancel("Item is 86'd");
    await expect.poll(async () => (await server.read(preparing.id)).status).toBe('cancelled');
    expect((await server.read(preparing.id)).last_change.reason).toBe('sold_out');

    // Whoever has it in hand has to say that they know: it never vanishes under the cook.
    const ticket = other.ticket(preparing).root;
    await expect(ticket).toContainText(/cancelled/i);
    await expect(ticket).toContainText("Item is 86'd");
    await expect(board.tickets).toHaveCount(1);
    await ticket.getByRole('button', { name: /^Got it/ }).click();
    await expect(other.tickets).toHaveCount(0);
    await expect(board.tickets).toHaveCount(0);
});

test('a ticket that nobody has begun is gone when it is cancelled', async ({ board, anotherBoard, server }) => {
    const accepted = await server.move(await server.place(order()), 'accepted');
    const other = await anotherBoard();
    await board.open();
    await other.open();
    await board.ticket(accepted).cancel('Customer asked');
    await expect(board.tickets).toHaveCount(0);
    await expect(other.tickets).toHaveCount(0);
    expect((await server.read(accepted.id)).status).toBe('cancelled');
});

test('items are ticked off one by one', async ({ board, anotherBoard, server }) => {
    const two = order({
        items: [
            { name: 'Cheeseburger', quantity: 1, station: 'grill' },
            { name: 'Iced tea', quantity: 1, station: 'bar' },
        ],
    });
    const preparing = await server.move(await server.place(two), 'accepted', 'preparing');
    const other = await anotherBoard();
    await board.open();
    await other.open();

    await board.ticket(preparing).item('Iced tea').click();
    await other.ticket(preparing).isTicked('Iced tea', true);
    await other.ticket(preparing).isTicked('Cheeseburger', false);
    const [burger, tea] = (await server.read(preparing.id)).items;
    expect([burger?.status, tea?.status]).toEqual(['todo', 'done']);

    // Nothing else is taken while the first is on its way to this board.
    await board.ticket(preparing).isTicked('Iced tea', true);
    await expect(board.ticket(preparing).item('Iced tea')).not.toHaveClass(/is-ticking/);
    await board.ticket(preparing).item('Iced tea').click();
    await other.ticket(preparing).isTicked('Iced tea', false);
});
