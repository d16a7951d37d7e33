import { Ear, startScreen } from '../../fixtures/audio';
import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

// What nobody has seen is called by an alarm of its own, which is another test's.
test.use({
    serverOptions: { env: { LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000', LIVE_ORDERS_KITCHEN_UNSEEN_AFTER_S: '3600' } },
});

test('row 1: freshness is always on screen, and silence is seen and heard', async ({ board, server, network, faults }) => {
    faults.allowLostConnections();
    const ear = await Ear.of(board.page);
    await server.place(order());
    await board.open();
    await startScreen(board.page);
    await expect(board.chip).toHaveText('Live');
    expect(await board.isOnTop(board.chip)).toBe(true);
    const fresh = await board.timerLook();

    await network.cut();
    await board.says(/^Not live – last update/, 30_000);
    expect(await ear.heard()).toEqual([]);
    await board.says(/^Offline since/, 30_000);
    await expect(board.chip).toHaveText('Offline');
    await expect.poll(() => ear.heard()).toEqual(['offline']);
    // What says so, and what silences it, are in reach.
    expect(await board.isOnTop(board.chip)).toBe(true);
    expect(await board.isOnTop(board.page.getByText('Sound on'))).toBe(true);
    expect(await board.timerLook()).not.toEqual(fresh);

    await network.restore();
    await board.isLive(20_000);
    expect(await ear.heard()).toEqual(['offline']);
});

test('row 1: orders that came while the screen was away say so, and are one sound', async ({ board, server, network, faults }) => {
    faults.allowLostConnections();
    const ear = await Ear.of(board.page);
    const here = await server.place(order());
    await board.open();
    await startScreen(board.page);
    await network.cut();
    await board.says(/Reconnecting|Not live/, 20_000);
    const missed = [await server.place(order()), await server.place(order({ rush: true })), await server.place(order())];
    await network.restore();
    await board.holdsExactly([here, ...missed], 20_000);
    for (const late of missed) await expect(board.ticket(late).root).toContainText('Came while away');
    await expect(board.ticket(here).root).not.toContainText('Came while away');
    // By promise, like all others: rush first.
    await expect(board.lane('New').getByRole('article').first()).toContainText(String(missed[1]!.number));
    await expect.poll(() => ear.heard()).toEqual(['new']);
    const after = await server.place(order());
    await board.has(after, 'New');
    await expect(board.ticket(after).root).not.toContainText('Came while away');
    await board.ticket(missed[0]!).bump();
    await expect(board.ticket(missed[0]!).root).not.toContainText('Came while away');
});
