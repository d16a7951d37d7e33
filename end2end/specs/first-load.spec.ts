/** What a board fetches before it is alive stays small. `scripts/check-sizes` weighs the files; this counts what is really sent. */

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';

const KB = 1024;

test('the first load fits its budget and comes compressed', async ({ board, server }) => {
    await server.place(order());
    const sent = { wasm: 0, js: 0, css: 0 };
    const measured: Promise<void>[] = [];
    board.page.on('requestfinished', (request) => {
        const kind = /\.(wasm|js|css)$/.exec(new URL(request.url()).pathname)?.[1] as keyof typeof sent | undefined;
        if (!kind) return;
        measured.push(
            (async () => {
                const answer = await request.response();
                expect.soft(answer?.headers()['cache-control'], request.url()).toContain('immutable');
                sent[kind] += (await request.sizes()).responseBodySize;
            })(),
        );
    });
    await board.open();
    await Promise.all(measured);

    console.log(
        `first load: ${(sent.wasm / KB).toFixed(1)} KB WebAssembly, ${(sent.js / KB).toFixed(1)} KB JavaScript, ${(sent.css / KB).toFixed(1)} KB CSS`,
    );
    for (const size of Object.values(sent)) expect(size).toBeGreaterThan(0);
    expect(sent.wasm).toBeLessThanOrEqual(75 * KB);
    expect(sent.js).toBeLessThanOrEqual(8 * KB);
    expect(sent.css).toBeLessThanOrEqual(12 * KB);
});
