/** A screen on a wall shows its board, whatever happens to the server and the network. */

import { createServer } from 'node:http';

import type { Page } from '@playwright/test';

import { Ear, soundChip, startScreen } from '../../fixtures/audio';
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

/**
 * Makes the page that is kept so many milliseconds older than it is, or this device's
 * clock that much faster since: then its time can be told from the present one by the
 * minute. Without `known`, what is known besides goes. When the page was kept.
 */
async function age(page: Page, millis: number, known: boolean): Promise<number> {
    return page.evaluate(
        async ({ millis, known }) => {
            const name = (await caches.keys()).find((name) => name.startsWith('live-orders ')) ?? '';
            const cache = await caches.open(name);
            const answer = await cache.match(location.href);
            if (!answer) throw new Error('it is not kept');
            const headers = new Headers(answer.headers);
            const at = Number(headers.get('x-kept-at'));
            headers.set('x-kept-at', String(at - millis));
            await cache.put(location.href, new Response(await answer.text(), { headers }));
            if (!known) localStorage.removeItem(`known/${location.pathname}`);
            return at;
        },
        { millis, known },
    );
}

/** When the page that is kept is from. */
function keptAt(page: Page): Promise<number> {
    return page.evaluate(async () => {
        const kept = await caches.match(location.href);
        return Number(kept?.headers.get('x-kept-at') ?? 0);
    });
}

/** As the page shows that time; it was rendered a moment before it was kept. */
const shownAs = (at: number) => {
    const [now, before] = [at, at - 20_000].map((it) => new Date(it).toISOString().slice(11, 16));
    return new RegExp(`^Offline since (${now}|${before})`);
};

test('row 18: the time shown is the time of what is shown', async ({ board, page, server }) => {
    const placed = await server.place(order());
    await board.open();
    await board.isKept();
    // Heard of just now, but not written down: the device was full.
    const later = await server.place(order());
    await board.holdsExactly([placed, later]);
    await board.remembers(later.id);
    const at = await age(page, 3_600_000, false);
    await server.kill('SIGKILL');
    // What the page writes down when it goes is taken away too.
    await page.addInitScript(() => localStorage.removeItem('known//'));
    await page.reload();
    await board.says(shownAs(at));
    await board.holdsExactly([placed]);
});

test('row 18: what is known later is shown with the later time', async ({ board, page, server }) => {
    const placed = await server.place(order());
    await board.open();
    await board.isKept();
    const later = await server.place(order());
    await board.holdsExactly([placed, later]);
    await board.remembers(later.id);
    const old = await age(page, 3_600_000, true);
    await server.kill('SIGKILL');
    await page.reload();
    await board.says(/^Offline since \d\d:\d\d/);
    await expect(board.bar).not.toHaveText(shownAs(old));
    await board.holdsExactly([placed, later]);
});

test('row 18: names are not kept for longer than a day', async ({ board, page, server, faults }) => {
    faults.allow(/ERR_|Failed to load/);
    await server.place(order({ customer: { name: 'Ana' } }));
    await board.open();
    await board.isKept();
    await page.evaluate(() => {
        const old = Date.now() - 90_000_000;
        localStorage.setItem('known-at//screens/old', `${old} 0-1`);
        localStorage.setItem('known//screens/old', '{"orders":"Ana"}');
    });
    const since = Date.now();
    await page.reload();
    await board.isLive();
    const old = () => page.evaluate(() => Object.keys(localStorage).filter((key) => key.endsWith('/old')));
    await expect.poll(old).toEqual([]);
    // The page that was loaded now, and not the one before it.
    await expect.poll(() => keptAt(page)).toBeGreaterThanOrEqual(since);
    await board.isKept();
    await age(page, 90_000_000, true);
    await server.kill('SIGKILL');
    await expect(page.reload()).rejects.toThrow(/ERR_/);
});

test('row 18: a board that has been open for days is shown as it was an hour ago', async ({ board, page, server }) => {
    await page.clock.install();
    const placed = await server.place(order());
    await board.open();
    await board.isKept();
    const at = await age(page, 90_000_000, true);
    expect(await keptAt(page)).toBeLessThan(at);
    await page.clock.fastForward(3_601_000);
    await expect.poll(() => keptAt(page), { timeout: 20_000 }).toBeGreaterThanOrEqual(at);
    await server.kill('SIGKILL');
    await page.reload();
    await board.says(/^Offline since/);
    await board.holdsExactly([placed]);
});

test('row 18: a screen that was started can sound when it is loaded without a server', async ({
    board,
    page,
    server,
}) => {
    const ear = await Ear.of(page);
    await board.open();
    await board.isKept();
    await startScreen(page);
    await server.kill('SIGKILL');
    await page.reload();
    await board.says(/^Offline since/);
    // What is fetched when the board is alive is kept too.
    await expect(page.locator('#app')).toHaveAttribute('data-extras', '', { timeout: 20_000 });
    await expect(soundChip(page)).toContainText('Sound on');
    await expect.poll(() => ear.count('offline'), { timeout: 20_000 }).toBe(1);
    // The bar that says how old the board is leaves the tools free.
    await page.getByRole('button', { name: 'All-day' }).click();
    await expect(page.locator('#panel-title')).toBeVisible();
});

for (const status of [502, 503, 521]) {
    test(`row 18: what answers ${status} in the server's place does not take the board's`, async ({
        board,
        page,
        server,
    }) => {
        const placed = await server.place(order());
        await board.open();
        await board.isKept();
        await server.kill('SIGKILL');
        const other = createServer((_, answer) => answer.writeHead(status).end('<h1>Down</h1>'));
        await new Promise<void>((listens) => other.listen(Number(new URL(server.url).port), '127.0.0.1', listens));
        await page.reload();
        await board.says(/^Offline since/);
        await board.holdsExactly([placed]);
        other.closeAllConnections();
        await new Promise((closed) => other.close(closed));
        await server.restart();
        await board.isLive(30_000);
    });
}

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
    expect(kept.filter((path) => !/^\/($|pkg\/|fonts\/|favicon\.svg$|sound\.js$)/.test(path))).toEqual([]);
});
