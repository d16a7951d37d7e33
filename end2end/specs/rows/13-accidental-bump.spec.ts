import { expect, test } from '../../fixtures';
import { stopClock } from '../../fixtures/clock';
import { edit, items, keepScreen } from '../../fixtures/kitchen';
import { order } from '../../fixtures/orders';

const grill = order({ items: [{ name: 'Cheeseburger', quantity: 1, station: 'grill' }] });
const both = order({ items: [...grill.items, { name: 'Fries', quantity: 1, station: 'fry' }] });

test('row 13: a bump that has to be held does nothing when it is only tapped', async ({ board, server }) => {
    await board.page.clock.install();
    await keepScreen(server, 'all', { hold_to_bump: true });
    const accepted = await server.move(await server.place(grill), 'accepted');
    await board.page.goto('/screens/all');
    await board.isLive();
    const { bumpButton } = board.ticket(accepted);
    let sent = 0;
    board.page.on('request', (request) => (sent += Number(request.url().includes('/api/orders/'))));
    await stopClock(board.page);
    await bumpButton.click();
    await bumpButton.click();
    await bumpButton.hover();
    await board.page.mouse.down();
    await expect(bumpButton).toHaveClass(/is-holding/);
    await board.page.clock.runFor(399);
    await board.has(accepted, 'New');
    expect(sent).toBe(0);
    await board.page.clock.runFor(1);
    await board.page.clock.resume();
    await expect.poll(async () => (await server.read(accepted.id)).status).toBe('preparing');
    await board.page.mouse.up();
    await board.has(accepted, 'Preparing');
    await board.ticket(accepted).isSettled();
    // A key is pressed at once: whoever leans on it presses it once, see below.
    await bumpButton.focus();
    await board.page.keyboard.press('Enter');
    await board.has(accepted, 'Ready');
});

test('row 13: a bump that is held is called off by moving away, and not by another finger', async ({ board, page, server }) => {
    await page.clock.install();
    await keepScreen(server, 'all', { hold_to_bump: true });
    const first = await server.move(await server.place(grill), 'accepted');
    const second = await server.move(await server.place(grill), 'accepted');
    await page.goto('/screens/all');
    await board.isLive();
    let sent = 0;
    page.on('request', (request) => (sent += Number(request.url().includes('/api/orders/'))));
    await stopClock(page);
    const bump = board.ticket(first).bumpButton;
    await bump.hover();
    await page.mouse.down();
    await expect(bump).toHaveClass(/is-holding/);
    await board.ticket(first).root.locator('h3').hover();
    await expect(bump).not.toHaveClass(/is-holding/);
    await page.clock.runFor(500);
    await page.mouse.up();
    await board.has(first, 'New');
    expect(sent).toBe(0);

    // Two cooks at one screen: the one who lets go calls off her own.
    const finger = (ticket: typeof first, what: string, pointerId: number) =>
        board.ticket(ticket).bumpButton.evaluate(
            (button, { what, pointerId }) => {
                const { left, top } = button.getBoundingClientRect();
                const at = { clientX: left + 5, clientY: top + 5 };
                button.dispatchEvent(new PointerEvent(what, { bubbles: true, pointerId, ...at }));
            },
            { what, pointerId },
        );
    await finger(first, 'pointerdown', 7);
    await finger(second, 'pointerdown', 8);
    await page.clock.runFor(100);
    await finger(first, 'pointermove', 7);
    await finger(second, 'pointerup', 8);
    await page.clock.runFor(400);
    await page.clock.resume();
    await board.has(first, 'Preparing');
    await finger(first, 'pointerup', 7);
    expect(sent).toBe(1);
    expect((await server.read(second.id)).status).toBe('accepted');
});

test('row 13: a key that something lies on bumps once', async ({ board, page, server }) => {
    const first = await server.move(await server.place(grill), 'accepted');
    const second = await server.move(await server.place(grill), 'accepted');
    await board.open();
    const { bumpButton } = board.ticket(first);
    let sent = 0;
    page.on('request', (request) => (sent += Number(request.url().includes('/api/orders/'))));
    for (const key of ['Enter', 'Space']) {
        const before = sent;
        await bumpButton.focus();
        // Without letting go, each is the browser's repetition of the first.
        for (let count = 0; count < 5; count += 1) {
            await page.keyboard.down(key);
            await board.ticket(first).isSettled();
            // Where an order leaves its lane, the next one's button has the focus.
            await expect(page.locator('[data-act="bump"]:focus')).toHaveCount(1);
        }
        await page.keyboard.up(key);
        await expect.poll(() => sent).toBe(before + 1);
        await board.has(first, key === 'Enter' ? 'Preparing' : 'Ready');
    }
    expect((await server.read(first.id)).version).toBe(first.version + 2);
    expect((await server.read(second.id)).version).toBe(second.version);
});

test('row 13: what a station has bumped is undone, and recalled without a hurry, its times as before', async ({
    board,
    server,
}) => {
    await keepScreen(server, 'grill', { stations: ['grill'] });
    const placed = await server.move(await server.place(both), 'accepted', 'preparing');
    await board.page.goto('/screens/grill');
    await board.isLive();
    const times = async () => ((await server.read(placed.id)) as unknown as { times: Record<string, number> }).times;
    const { preparing_at, placed_at } = await times();
    await board.ticket(placed).bump();
    await board.has(placed, 'Ready');
    await board.says(`Order ${placed.number} is done here`);
    await board.undo();
    await board.has(placed, 'Preparing');
    expect(await items(server, placed)).toEqual({ Cheeseburger: 'todo', Fries: 'todo' });

    await board.ticket(placed).bumpButton.focus();
    await board.page.keyboard.press('Enter');
    await board.has(placed, 'Ready');
    // Nothing else is taken before its answer has come.
    await expect(board.page.locator('.is-pending')).toHaveCount(0);
    await board.ticket(placed).recall();
    await board.has(placed, 'Preparing');
    expect(await items(server, placed)).toEqual({ Cheeseburger: 'todo', Fries: 'todo' });
    expect(await times()).toMatchObject({ preparing_at, placed_at });
});

test('row 13: a start that was a mistake is taken back', async ({ board, server }) => {
    await keepScreen(server, 'grill', { stations: ['grill'] });
    const accepted = await server.move(await server.place(both), 'accepted');
    for (const screen of ['/', '/screens/grill']) {
        await board.page.goto(screen);
        await board.isLive();
        await board.ticket(accepted).bump();
        await board.has(accepted, 'Preparing');
        await board.undo();
        await board.has(accepted, 'New');
        expect(await items(server, accepted)).toEqual({ Cheeseburger: 'todo', Fries: 'todo' });
        expect((await server.read(accepted.id)).status).toBe('accepted');
    }
});

test('row 13: a held order is not begun by accident', async ({ board, server }) => {
    const accepted = await server.move(await server.place(grill), 'accepted');
    await edit(server, accepted, { held: true });
    await board.page.clock.install();
    await board.open();
    // The first press is forgotten after five seconds.
    await stopClock(board.page);
    const ticket = board.ticket(accepted);
    await expect(ticket.root.getByRole('listitem').filter({ hasText: 'Held' })).toBeVisible();
    await expect(ticket.bumpButton).toContainText('Held – start anyway');
    await ticket.bumpButton.focus();
    await board.page.keyboard.press('Enter');
    await expect(ticket.bumpButton).toContainText('Press again to start');
    // The button is another one, to which the keyboard comes back.
    await board.page.clock.runFor(100);
    await expect(ticket.bumpButton).toBeFocused();
    expect((await server.read(accepted.id)).status).toBe('accepted');
    await board.page.keyboard.press('Enter');
    await board.page.clock.resume();
    await board.has(accepted, 'Preparing');
    await expect(ticket.root).not.toContainText('Held');
});

test('row 13: where a screen asks for it, nothing is bumped before its allergens were seen', async ({ board, server }) => {
    await keepScreen(server, 'all', { acknowledge_allergens: true });
    const [burger] = grill.items;
    const nuts = order({ items: [{ name: 'Pad thai', quantity: 1, station: 'wok', ...burger, allergens: ['peanut'] }] });
    const accepted = await server.move(await server.place(nuts), 'accepted');
    await board.page.goto('/screens/all');
    await board.isLive();
    const ticket = board.ticket(accepted);
    await expect(ticket.bumpButton).toContainText('Confirm the allergens first');
    await ticket.bumpButton.focus();
    await board.page.keyboard.press('Enter');
    await expect(board.page.locator('#alert')).toContainText('confirm the allergens first');
    expect((await server.read(accepted.id)).status).toBe('accepted');
    await ticket.root.getByRole('button', { name: /^Allergy peanut/ }).click();
    await expect(ticket.bumpButton).toContainText('Start');
    await ticket.bumpButton.focus();
    await board.page.keyboard.press('Enter');
    await board.has(accepted, 'Preparing');
});
