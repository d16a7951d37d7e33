/**
 * The stream by the rules of the HTML standard: Chromium's EventSource, npm's and httpx-sse
 * are sent the streams of tests/wire, and a real server's, and told what each must tell.
 */

import { createHash } from 'node:crypto';

import { EventSource as NodeEventSource } from 'eventsource';

import { test as base, expect } from '../fixtures';
import { type FoodOrder, order } from '../fixtures/orders';
import {
    CUTS,
    type Cut,
    type Heard,
    type Reader,
    type Sent,
    type Told,
    type Wanted,
    Wire,
    matrix,
    readAll,
    readInPython,
} from '../fixtures/wire';

const test = base.extend<{ wire: Wire }>({
    wire: async ({}, use) => {
        const wire = await Wire.start();
        await use(wire);
        wire.close();
    },
});

/** What happens to orders, by the names of events. */
const KINDS = [
    ...['placed', 'accepted', 'preparing', 'ready', 'out_for_delivery', 'completed'],
    ...['rejected', 'expired', 'cancelled', 'failed', 'updated', 'erased'],
];

/** npm's, which is let in by a cookie where there is one. */
function inNode(cookie?: string): typeof EventSource {
    const asked = async (address: string | URL, init: RequestInit) =>
        fetch(address, cookie ? { ...init, headers: { ...init.headers, cookie } } : init);
    class Source extends NodeEventSource {
        constructor(address: string | URL) {
            super(address, { fetch: asked });
        }
    }
    // The same interface as the browser's, by types of its own.
    return Source as unknown as typeof EventSource;
}

/** A text of 1 MiB in a message helps nobody. */
function brief(text: string): string {
    if (text.length <= 200) return text;
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
    return `${text.slice(0, 40)}… (${text.length} characters, ${digest})`;
}

function briefly({ events, ...rest }: Partial<Told> & Pick<Told, 'events'>): unknown {
    const all = events.map(({ type, data, id }) => [brief(type), brief(data), brief(id)].join(' | '));
    const shown = all.length <= 40 ? all : [...all.slice(0, 3), `… ${all.length}, ${brief(all.join('\n'))}`];
    return { ...rest, events: shown };
}

test.describe('the streams of tests/wire', () => {
    // No server of ours is needed.
    test.use({ baseURL: 'http://127.0.0.1', storageState: { cookies: [], origins: [] } });

    /** What each of the cases came to that is another than is due. */
    async function wrong(
        wire: Wire,
        reader: Reader,
        how: Cut,
        read: (sent: Sent[]) => Promise<Partial<Told>[]>,
    ): Promise<unknown[]> {
        const sent = wire.sent(reader, how);
        const told = await read(sent);
        expect(told).toHaveLength(sent.length);
        return sent.flatMap(({ one }, at) => {
            const due = one.departs[reader] ?? one.told;
            // What a reader cannot say of itself is not compared.
            const [is, should] = [briefly({ ...due, ...told[at] }), briefly(due)];
            return JSON.stringify(is) === JSON.stringify(should) ? [] : [{ case: one.name, is, should }];
        });
    }

    /** What an EventSource is asked to read. */
    function wanted(sent: Sent[]): Wanted {
        const told = sent.flatMap(({ one }) => [one.told, ...Object.values(one.departs)]);
        const heard = told.flatMap(({ events }) => events.map(({ type }) => type));
        return {
            // A reader that goes wrong in another way than is known would not be heard otherwise.
            types: [...new Set([...heard, 'message', 'open', 'error'])],
            addresses: sent.map(({ address, one }) => ({ address, comesBack: one.told.returns !== undefined })),
        };
    }

    /** The same, with what those said who came back. */
    function andReturned(wire: Wire, sent: Sent[], heard: Heard[][]): Partial<Told>[] {
        return sent.map(({ address, one }, at) => {
            const returns = one.told.returns === undefined ? {} : { returns: wire.returned(address) };
            return { events: heard[at] ?? [], ...returns };
        });
    }

    for (const how of CUTS) {
        test(`Chromium goes by the rules, ${how}`, async ({ page, wire }) => {
            await page.goto(wire.url);
            const read = async (sent: Sent[]) => andReturned(wire, sent, await page.evaluate(readAll, wanted(sent)));
            expect(await wrong(wire, 'chromium', how, read)).toEqual([]);
        });

        test(`npm's eventsource goes by the rules but where it is known to depart, ${how}`, async ({ wire }) => {
            const read = async (sent: Sent[]) => andReturned(wire, sent, await readAll(wanted(sent), inNode()));
            expect(await wrong(wire, 'eventsource', how, read)).toEqual([]);
        });

        test(`httpx-sse goes by the rules but where it is known to depart, ${how}`, async ({ wire }) => {
            const read = (sent: Sent[]) => readInPython(sent.map(({ address }) => ({ url: address })));
            expect(await wrong(wire, 'httpx-sse', how, read)).toEqual([]);
        });
    }

    test('a known departure is one', () => {
        for (const { name, told, departs } of matrix()) {
            for (const [reader, departure] of Object.entries(departs)) {
                expect({ ...told, ...departure }, `${reader}: ${name}`).not.toEqual(told);
            }
        }
    });
});

/** What customers write, and worse. */
const TEXTS = [
    'no onion',
    '\u{1F355}\u{1F469}\u{1F3FD}\u200D\u{1F373}\u{1F1EA}\u{1F1FA}',
    'ללא בצל \u202Eبدون بصل\u202C 2×',
    'the "hot" one \\ \\n \'7\' \\u0041',
    'one\r\ntwo\nthree\rfour\n\nfive',
    'a\u2028b\u2029c\u0085d\u000Be\u000Cf\u001Cg',
    '\n\nevent: order.cancelled\nid: 0-0\ndata: {}\n\n',
    'data: x',
    ': : : a:b:',
    '</script><!--<b>&amp;',
    '\uFEFFa\uFEFF',
    '\uFFFD\uFFFE\uFFFF\u{10FFFF}',
    'e\u0301\u0327\u05BF ﷽ ﬁ ſ',
    'x'.repeat(120),
];

const awkward = (text: string) =>
    order({ customer: { name: text }, items: [{ name: text, quantity: 1, station: 'grill', note: text }] });

/** An EventSource that keeps what it hears where it can be looked at. */
interface Listening {
    heard: Heard[];
}

function listen(address: string, types: string[], into: Listening, Source = EventSource): EventSource {
    into.heard = [];
    const source = new Source(address);
    for (const type of types) {
        source.addEventListener(type, ({ type, data, lastEventId }) => {
            into.heard.push({ type, data: String(data), id: lastEventId });
        });
    }
    return source;
}

test('all readers are told the same of real orders, also when they come back', async ({ page, server, network, faults }) => {
    faults.allowLostConnections();
    const types = ['hello', 'snapshot', 'heartbeat', 'bye', ...KINDS.map((kind) => `order.${kind}`)];
    const path = '/live-orders?after=earliest';
    const placed: FoodOrder[] = [];
    for (const text of TEXTS) placed.push(await server.place(awkward(text)));

    // A page of that origin with nothing on it.
    await page.route('**/nothing', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
    await page.goto('/nothing');
    await page.evaluate(
        `window.listening = {}; (${listen.toString()})(${JSON.stringify(path)}, ${JSON.stringify(types)}, window.listening)`,
    );
    const inChromium = () => page.evaluate(() => (window as unknown as { listening: Listening }).listening.heard);

    const cookie = server.session ? `${server.session.name}=${server.session.value}` : '';
    const here: Listening = { heard: [] };
    const source = listen(network.url + path, types, here, inNode(cookie));

    const ofOrders = (heard: Heard[]) => heard.filter(({ type }) => type.startsWith('order.'));
    const allHaveHeard = (count: number) =>
        expect.poll(async () => [ofOrders(await inChromium()).length, ofOrders(here.heard).length]).toEqual([count, count]);
    const python = (after: Record<string, string>, orders: number) =>
        readInPython([{ url: network.url + path, headers: { cookie, ...after }, orders }]);
    await allHaveHeard(TEXTS.length);
    const [first] = await python({}, TEXTS.length);

    // Away, while more happens.
    await network.cut();
    for (const one of placed.slice(0, 3)) await server.move(one, 'accepted', 'preparing');
    for (const text of TEXTS.slice(0, 3)) await server.place(awkward(text));
    await network.restore();
    const all = TEXTS.length + 9;
    await allHaveHeard(all);
    const [second] = await python({ 'Last-Event-ID': first?.events.at(-1)?.id ?? '' }, 9);
    source.close();

    // The log, by another way.
    const { body } = await server.ask<{ events: { id: string; type: string; order: object }[] }>(
        'GET',
        '/api/events?after=earliest&limit=1000',
    );
    const log = body.events.map(({ id, type, order }) => ({ id, type, data: order }));
    expect(log).toHaveLength(all);
    const inPython = [...(first?.events ?? []), ...(second?.events ?? [])];
    for (const heard of [await inChromium(), here.heard, inPython]) {
        expect(heard.filter(({ type }) => type === 'hello')).toHaveLength(2);
        const orders = ofOrders(heard);
        expect(orders.map(({ id, type, data }) => ({ id, type, data: JSON.parse(data) as object }))).toEqual(log);
        // Byte for byte, and not only as JSON.
        expect(orders).toEqual(ofOrders(inPython));
    }
    expect(body.events.map(({ order }) => (order as FoodOrder).customer.name).slice(0, 5)).toEqual(
        placed.slice(0, 5).map(({ customer }) => customer.name),
    );
});
