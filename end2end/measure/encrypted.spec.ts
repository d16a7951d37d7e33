/** What streams cost the server in memory over TLS, for browsers with 25 tabs each and for clients with one. */

import { readFile } from 'node:fs/promises';
import { type ClientHttp2Session, connect } from 'node:http2';
import { once } from 'node:events';

import { expect, test } from '../fixtures';
import type { Server } from '../fixtures/server';

const STREAMS = 1_000;

test.use({
    serverOptions: { args: ['--tls', 'self-signed'], env: { LIVE_ORDERS_STREAM_WRITE_TIMEOUT_MS: '5000' } },
});

async function kib(server: Server): Promise<number> {
    const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

/** Opens the streams, and says what each costs when all have heard of their place. */
async function cost(server: Server, each: number): Promise<string> {
    const before = await kib(server);
    const sessions: ClientHttp2Session[] = [];
    for (let count = 0; count < STREAMS; count += each) {
        const session = connect(server.url, { rejectUnauthorized: false });
        sessions.push(session);
        await once(session, 'connect');
        for (let stream = 0; stream < each; stream += 1) {
            const request = session.request({ ':path': '/live-orders', 'accept-encoding': 'gzip' });
            await once(request, 'data');
            request.resume();
        }
    }
    const after = await kib(server);
    for (const session of sessions) session.destroy();
    const per = ((after - before) / STREAMS).toFixed(1);
    return `${STREAMS} streams, ${each} a connection: ${before} KiB before, ${after} KiB with them, ${per} KiB each`;
}

for (const each of [25, 1]) {
    test(`memory of ${STREAMS} encrypted streams, ${each} a connection`, async ({ server }) => {
        const said = await cost(server, each);
        console.log(said);
        expect(said).toContain('KiB each');
    });
}

test('memory of clients that ask for much and take nothing', async ({ server }) => {
    const patient = connect(server.url, { rejectUnauthorized: false });
    const place = (body: object): Promise<unknown> => {
        const request = patient.request({ ':method': 'POST', ':path': '/api/orders', 'content-type': 'application/json' });
        request.end(JSON.stringify(body));
        request.resume();
        return once(request, 'end');
    };
    for (let count = 0; count < 200; count += 1) await place({ items: [{ name: 'Cheeseburger', quantity: 2 }] });
    patient.destroy();
    const before = await kib(server);
    const sessions: ClientHttp2Session[] = [];
    const ends: Promise<unknown>[] = [];
    for (let client = 0; client < 10; client += 1) {
        const session = connect(server.url, { rejectUnauthorized: false, settings: { initialWindowSize: 0 } });
        sessions.push(session);
        await once(session, 'connect');
        for (let asked = 0; asked < 100; asked += 1) {
            const request = session.request({ ':path': '/api/orders?limit=200' });
            request.on('error', () => undefined);
            // Its head comes, and then nothing is taken.
            await once(request, 'response');
            ends.push(once(request, 'close'));
        }
    }
    const during = await kib(server);
    await Promise.all(ends);
    const after = await kib(server);
    console.log(`1000 answers that nobody takes: ${before} KiB before, ${during} KiB with them, ${after} KiB when they were reset`);
    for (const session of sessions) session.destroy();
});
