/** What every test starts with: a server and a network of its own, and a watch for faults. */

import { type BrowserContext, test as base, expect } from '@playwright/test';

import { Board } from './board';
import { Faults } from './fixtures/faults';
import { Network } from './fixtures/network';
import { Server, type ServerOptions } from './fixtures/server';

interface Fixtures {
    /** How the server is started; set it with `test.use`. */
    serverOptions: ServerOptions;
    server: Server;
    /** Between the pages and the server. */
    network: Network;
    faults: Faults;
    /** A board in the test's own page, not yet opened. */
    board: Board;
    /** Another screen: a board in a browser context of its own. */
    anotherBoard: () => Promise<Board>;
}

/** For tests that rewrite what a stream carries: it has to be text on the way. */
export const PLAIN_STREAMS: { serverOptions: ServerOptions } = {
    serverOptions: { env: { LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000', LIVE_ORDERS_STREAM_GZIP: 'false' } },
};

export const test = base.extend<Fixtures>({
    // Heartbeats come faster than in service, so that a test does not wait for them.
    serverOptions: [{ env: { LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000' } }, { option: true }],

    server: async ({ serverOptions }, use, info) => {
        const server = await Server.start(serverOptions);
        await use(server);
        await server.remove();
        if (info.status !== info.expectedStatus) {
            await info.attach('server.log', { body: server.log.join('\n'), contentType: 'text/plain' });
        }
    },

    network: async ({ server }, use) => {
        const network = await Network.start(() => new URL(server.url));
        await use(network);
        await network.close();
    },

    baseURL: async ({ network }, use) => use(network.url),

    // Every browser of a test is logged in, and so is what asks without one.
    storageState: async ({ server, network }, use) => {
        const { hostname: domain } = new URL(network.url);
        const secure = new URL(server.url).protocol === 'https:';
        const rest = { domain, path: '/', expires: -1, httpOnly: true, secure, sameSite: 'Lax' as const };
        await use({ cookies: server.session ? [{ ...server.session, ...rest }] : [], origins: [] });
    },

    faults: [
        async ({ context }, use) => {
            const faults = new Faults();
            faults.watch(context);
            await use(faults);
            expect(faults.seen, 'errors on the page').toEqual([]);
        },
        { auto: true },
    ],

    board: async ({ page }, use) => use(new Board(page)),

    anotherBoard: async ({ browser, network, faults, contextOptions, storageState }, use) => {
        const contexts: BrowserContext[] = [];
        await use(async () => {
            const context = await browser.newContext({ ...contextOptions, storageState, baseURL: network.url });
            contexts.push(context);
            faults.watch(context);
            return new Board(await context.newPage());
        });
        for (const context of contexts) await context.close();
    },
});

export { expect };
