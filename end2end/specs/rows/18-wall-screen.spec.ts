/** A screen on a wall shows its board, whatever happens to the server and the network. */

import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

/** Everything that the chip has said. */
interface Said {
    said: Set<string>;
}

test.use({ serviceWorkers: 'allow' });
test.setTimeout(120_000);
test.beforeEach(({ faults }) => faults.allowLostConnections());

test('row 18: a wall screen opens with the server away, and says how old it is', async ({ board, server }) => {
    const early = await server.place(order({ customer: { name: 'Early' } }));
    const gone = await server.place(order());
    await board.open();
    await board.isKept();
    // What came by the stream since the page was rendered.
    const late = await server.place(order({ customer: { name: 'Late' } }));
    await server.cancel(gone, 'Customer called');
    await board.ticket(gone).root.getByRole('button', { name: /^Got it/ }).click();
    await server.move(early, 'accepted', 'preparing');
    await board.holdsExactly([early, late]);
    await board.has(early, 'Preparing');
    await board.remembers('"preparing"');
    const before = await server.open();

    await server.kill('SIGKILL');
    await board.page.addInitScript(() => {
        const said = new Set<string>();
        (window as unknown as Said).said = said;
        new MutationObserver(() => said.add(document.getElementById('chip-words')?.textContent ?? '')).observe(
            document,
            { subtree: true, childList: true, characterData: true },
        );
    });
    for (let time = 0; time < 2; time += 1) {
        await board.page.reload();
        await board.says(/^Offline since \d\d:\d\d\. Orders shown may be out of date\./);
        await board.holdsExactly(before);
        await board.has(early, 'Preparing');
        await expect(board.ticket(late).root).toContainText('Late');
        const said = await board.page.evaluate(() => [...(window as unknown as Said).said]);
        expect(said).toContain('Offline');
        expect(said).not.toContain('Live');
    }
    await board.page.screenshot({ path: 'test-results/offline.png' });

    await server.restart();
    const after = await server.place(order());
    await board.isLive(30_000);
    await board.holdsExactly([early, late, after]);
    // With the server back, a page is the server's.
    await board.page.reload();
    await board.isLive();
    await expect(board.page.locator('html')).not.toHaveAttribute('data-stale');
    await board.holdsExactly(await server.open());
});

test('row 18: a screen that has a name does so too, looking as it should', async ({ board, server }) => {
    const answer = await fetch(new URL('/api/screens/grill', server.url), {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ stations: ['grill'], view: 'columns' }),
    });
    expect(answer.status).toBe(201);
    const placed = await server.place(order());
    await board.page.goto('/screens/grill');
    await board.isLive();
    await board.isKept();
    const size = () => board.ticket(placed).root.evaluate((ticket) => getComputedStyle(ticket).fontSize);
    const before = await size();
    await server.kill('SIGKILL');
    await board.page.reload();
    await board.says(/^Offline since/);
    await board.holdsExactly([placed]);
    expect(await size()).toBe(before);
});

test('row 18: neither orders nor the stream are ever kept', async ({ board, server }) => {
    await server.place(order());
    await board.open();
    await board.isKept();
    await board.page.goto('/?station=grill');
    await board.isKept();
    const kept = await board.page.evaluate(async () => {
        const caches_ = await caches.keys();
        const requests = await Promise.all(caches_.map(async (name) => (await caches.open(name)).keys()));
        return requests.flat().map(({ url }) => new URL(url).pathname);
    });
    expect(kept.filter((path) => path === '/')).toHaveLength(2);
    expect(kept.filter((path) => !/^\/($|pkg\/|fonts\/|favicon\.svg$)/.test(path))).toEqual([]);
});
