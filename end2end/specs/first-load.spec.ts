/** What a board fetches before it is alive stays small. `scripts/check-sizes` weighs the files; this counts what is really sent. */

import { once } from 'node:events';
import { type IncomingMessage, get } from 'node:http';

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';

const KB = 1024;

test('the first load fits its budget and comes compressed', async ({ board, server }) => {
    await server.place(order());
    const sent = { wasm: 0, js: 0, css: 0, extras: 0 };
    const measured: Promise<void>[] = [];
    board.page.on('requestfinished', (request) => {
        const path = new URL(request.url()).pathname;
        const kind = path.startsWith('/pkg/split_') ? 'extras' : (/\.(wasm|js|css)$/.exec(path)?.[1] as keyof typeof sent | undefined);
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
        `first load: ${(sent.wasm / KB).toFixed(1)} KB WebAssembly, ${(sent.js / KB).toFixed(1)} KB JavaScript, ${(sent.css / KB).toFixed(1)} KB CSS; then ${(sent.extras / KB).toFixed(1)} KB`,
    );
    for (const size of Object.values(sent)) expect(size).toBeGreaterThan(0);
    expect(sent.wasm).toBeLessThanOrEqual(127.5 * KB);
    expect(sent.extras).toBeLessThanOrEqual(38 * KB);
    expect(sent.js).toBeLessThanOrEqual(8 * KB);
    expect(sent.css).toBeLessThanOrEqual(12 * KB);
});

/** A file as it comes over the wire; whatever else fetches would unpack it. */
async function fetched(url: URL, headers: Record<string, string>) {
    const [answer] = (await once(get(url, { headers }), 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return { status: answer.statusCode, headers: answer.headers, size: Buffer.concat(chunks).length };
}

test('a file comes in the smallest form that is accepted, and once', async ({ server }) => {
    const page = await (await fetch(server.url)).text();
    const script = new URL(/"(\/pkg\/[^"]+\.js)"/.exec(page)?.[1] ?? 'no script', server.url);

    const plain = await fetched(script, { 'accept-encoding': 'identity' });
    const brotli = await fetched(script, { 'accept-encoding': 'gzip, deflate, br' });
    const gzip = await fetched(script, { 'accept-encoding': 'gzip, br;q=0' });
    expect([plain, brotli, gzip].map((it) => [it.status, it.headers['content-encoding']])).toEqual([
        [200, undefined],
        [200, 'br'],
        [200, 'gzip'],
    ]);
    expect(brotli.size).toBeLessThan(gzip.size);
    expect(gzip.size).toBeLessThan(plain.size);
    for (const form of [plain, brotli, gzip]) {
        expect(form.headers.vary).toBe('accept-encoding');
        expect(form.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    }
    const etags = new Set([plain, brotli, gzip].map((it) => it.headers.etag));
    expect(etags.size, 'each form has a tag of its own').toBe(3);

    const known = { 'accept-encoding': 'br', 'if-none-match': `"other", ${brotli.headers.etag}` };
    const again = await fetched(script, known);
    expect([again.status, again.size, again.headers.etag]).toEqual([304, 0, brotli.headers.etag]);
    const changed = await fetched(script, { 'accept-encoding': 'br', 'if-none-match': gzip.headers.etag ?? '' });
    expect(changed.status).toBe(200);
    // Only what has a hash in its name may be kept without asking.
    const icon = await fetched(new URL('/favicon.svg', server.url), {});
    expect([icon.status, icon.headers['cache-control']]).toEqual([200, 'no-cache']);
});
