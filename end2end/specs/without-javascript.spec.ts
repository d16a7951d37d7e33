/** The board is complete and readable before any script has run, or without any. */

import { expect, test } from '../fixtures';
import { fullOrder, order } from '../fixtures/orders';

test.use({ javaScriptEnabled: false });

test('every part of a ticket is in the page as it is served', async ({ board, server }) => {
    const placed = await server.place(fullOrder());
    await board.page.goto('/');

    const ticket = board.ticket(placed).root;
    await expect(ticket).toHaveCount(1);
    for (const text of ['Pickup', 'Ana K', 'Pad thai', 'Spring rolls', 'tofu', 'sauce on the side', 'Rush', 'Web']) {
        await expect(ticket).toContainText(new RegExp(text, 'i'));
    }
    await expect(ticket).toContainText(/peanut/i);
});

test('each order is in the lane of its status', async ({ board, server }) => {
    const delivery = order({ fulfilment: { type: 'delivery', address: '1 Example Street' } });
    const placed = await server.place(delivery);
    const preparing = await server.move(await server.place(delivery), 'accepted', 'preparing');
    const ready = await server.move(await server.place(delivery), 'accepted', 'preparing', 'ready');
    const out = await server.move(
        await server.place(delivery),
        ...(['accepted', 'preparing', 'ready', 'out_for_delivery'] as const),
    );
    const done = await server.move(await server.place(order()), 'accepted', 'preparing', 'ready', 'completed');

    await board.page.goto('/');
    await board.has(placed, 'New');
    await board.has(preparing, 'Preparing');
    await board.has(ready, 'Ready');
    await board.has(out, 'Out');
    await expect(board.ticket(done).root).toHaveCount(0);
});

test('a long lane is there to its end', async ({ board, server }) => {
    const orders = await Promise.all(Array.from({ length: 45 }, () => server.place(order())));
    await board.page.goto('/');
    await expect(board.lane('New').getByRole('article')).toHaveCount(orders.length);
    await expect(board.page.getByText(/\d more/).filter({ visible: true })).toHaveCount(0);
    await board.lane('New').getByRole('article').last().scrollIntoViewIfNeeded();
    await expect(board.lane('New').getByRole('article').last()).toBeInViewport();
});

test('an empty board counts no seconds that nobody counts', async ({ board }) => {
    await board.page.goto('/');
    await board.says('All caught up');
    await board.says(/does not update by itself/);
    for (const claim of [/checked \d+ s ago/, /^\d\d:\d\d$/, 'Live']) {
        await expect(board.page.getByText(claim).filter({ visible: true })).toHaveCount(0);
    }
});

test('the page is served with a policy that runs nothing but its own script', async ({ request, server }) => {
    await server.place(order());
    const answer = await request.get('/');

    const policy = answer.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    const nonce = /script-src [^;]*'nonce-([^']+)'/.exec(policy)?.[1];
    expect(nonce, policy).toBeTruthy();
    expect(policy).not.toContain("'unsafe-inline'");
    expect(policy).not.toContain("'unsafe-eval'");

    const page = await answer.text();
    for (const [script] of page.matchAll(/<script\b[^>]*>/g)) {
        if (!script.includes('application/json')) expect(script).toContain(`nonce="${nonce}"`);
    }
    expect(page).not.toMatch(/\son[a-z]+=/i);
    expect(page).not.toMatch(/\sstyle=/i);
});
