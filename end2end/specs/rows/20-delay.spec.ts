import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

test('row 20: what was long on its way says from where, and by how much', async ({ board, page, server }) => {
    await board.open();
    const slow = await server.place(order({ source: { channel: 'web', placed_at: Date.now() - 41_000 } }));
    const quick = await server.place(order({ source: { channel: 'web', placed_at: Date.now() } }));
    const silent = await server.place(order({ source: { channel: 'web' } }));
    for (const placed of [slow, quick, silent]) await board.has(placed, 'New');
    await expect(board.ticket(slow).root.locator('.badge-delay')).toHaveText(/^Arrived 0:4\d late from web$/);
    for (const placed of [quick, silent]) {
        await expect(board.ticket(placed).root.locator('.badge-delay')).toHaveCount(0);
    }
    // It came late and stays so, for whoever opens the board afterwards too.
    await page.reload();
    await board.isLive();
    await expect(board.ticket(slow).root.locator('.badge-delay')).toBeVisible();
});

test('row 20: the details tell when it was placed there, when it came here and when a screen showed it', async ({
    board,
    page,
    server,
}) => {
    const placedAt = Date.now() - 48_000;
    await server.keepScreen('expo', { role: 'expo', view: 'columns' });
    await page.goto('/screens/expo');
    await board.isLive();
    const slow = await server.place(order({ source: { channel: 'web', placed_at: placedAt } }));
    await board.has(slow, 'New');
    await expect.poll(() => server.seen(slow)).toEqual(['expo']);
    await board.ticket(slow).root.locator('[data-act="details"]').first().click();
    const details = page.getByRole('dialog');
    const clock = (at: number) => new Date(at).toISOString().slice(11, 19);
    const fact = (name: string) => details.locator('.facts div').filter({ hasText: name }).locator('dd');
    await expect(fact('Placed there')).toHaveText(clock(placedAt));
    const { body } = await server.ask<{ times: { placed_at: number }; seen: { screen: string; at: number }[] }>(
        'GET',
        `/api/orders/${slow.id}`,
    );
    await expect(fact('Received')).toHaveText(clock(body.times.placed_at));
    const shown = body.seen[0];
    await expect(details.locator('.shown-on')).toContainText(`expo ${clock(shown?.at ?? 0)}`);
    expect(placedAt).toBeLessThan(body.times.placed_at);
    expect(body.times.placed_at).toBeLessThanOrEqual(shown?.at ?? 0);
});

test('row 20: a channel’s time that cannot be right is refused', async ({ server }) => {
    for (const placed_at of [Date.now() + 3_600_000, Date.now() - 2 * 86_400_000, 0]) {
        const answer = await server.ask<{ errors: { pointer: string }[] }>(
            'POST',
            '/api/orders',
            order({ source: { channel: 'web', placed_at } }),
        );
        expect(answer.status).toBe(422);
        expect(answer.body.errors.map((it) => it.pointer)).toEqual(['/source/placed_at']);
    }
});
