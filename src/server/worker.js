// Lets the board open while the server is away: its files by their names, which
// change with their content, and its pages as the server last rendered them.
// While the server answers, a page is always the server's. What is kept is
// marked with the time it is from; orders and their stream are never touched.
//
// The server puts VERSION, the names of this build, and FILES before this text.

const FAMILY = 'live-orders ';
const CACHE = FAMILY + VERSION;
const KEPT_AT = 'x-kept-at';
const KEPT_FOR = 'x-kept-for';
const PAGES = 20;
// Names and telephone numbers stand in a page: nobody keeps those for ever, and a
// board from the day before yesterday is of no use.
const DAY_MS = 86_400_000;
const PATIENCE_MS = 4000;
const NEW_ORDER = '/orders/new';

const isBoard = ({ pathname }) =>
    pathname === '/' || (/^\/screens\/[^/]+$/.test(pathname) && pathname !== '/screens/new');
const isScale = ({ pathname }) => /^\/screens\/[^/]+\/scale\.css$/.test(pathname);
const isFile = (url) => FILES.includes(url.pathname) || url.pathname.startsWith('/pkg/') || isScale(url);

const open = () => caches.open(CACHE);
const isOver = (kept) => !(Date.now() - Number(kept.headers.get(KEPT_AT)) < DAY_MS);

async function file(request) {
    const cache = await open();
    const kept = await cache.match(request, { ignoreVary: true });
    if (kept) return kept;
    const answer = await fetch(request);
    if (answer.ok) {
        // A screen has one scale: the one before it is of no use any more.
        await cache.delete(request, { ignoreVary: true, ignoreSearch: true });
        await cache.put(request, answer.clone());
    }
    return answer;
}

async function keep(url, answer) {
    const cache = await open();
    const html = await answer.text();
    const headers = new Headers(answer.headers);
    headers.set(KEPT_AT, String(Date.now()));
    const [, person = ''] = /^[^>]*>\s*<html[^>]* data-person="([^"]*)"/.exec(html) ?? [];
    headers.set(KEPT_FOR, person);
    for (const name of ['content-encoding', 'content-length']) headers.delete(name);
    await cache.delete(url);
    await cache.put(url, new Response(html, { headers }));
    const scale = /"(\/screens\/[^/"]+\/scale\.css[^"]*)"/.exec(html);
    if (scale) await file(new Request(scale[1].replaceAll('&amp;', '&')));
    const pages = (await cache.keys()).filter((request) => isBoard(new URL(request.url)));
    for (const old of pages.slice(0, -PAGES)) await cache.delete(old);
    for (const page of pages.slice(-PAGES)) {
        const there = await cache.match(page);
        // Nor is one of whoever used this device before.
        if (there && (isOver(there) || there.headers.get(KEPT_FOR) !== person)) await cache.delete(page);
    }
}

// Orders are entered where there is a server; whoever cannot be taken there stays on
// the board instead of losing it.
function orBack(request) {
    return fetch(request).catch(() => Response.redirect(request.referrer || '/', 303));
}

async function load(event, request) {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) event.waitUntil(keep(request.url, answer.clone()));
    return answer;
}

async function page(event) {
    const { request } = event;
    const answer = load(event, request);
    const none = answer.then(
        () => undefined,
        () => undefined,
    );
    event.waitUntil(none);
    const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    const first = await Promise.race([answer.catch(() => undefined), patience]);
    // A proxy that finds no server answers so, each in its own way, and a server
    // that cannot read its orders too.
    if (first && first.status < 500) return first;
    const kept = await (await open()).match(request, { ignoreVary: true });
    if (!kept || isOver(kept)) return answer;
    const html = await kept.text();
    const marked = html.replace('<html', `<html data-stale="${kept.headers.get(KEPT_AT)}"`);
    return new Response(marked, { headers: kept.headers });
}

addEventListener('install', (event) => {
    const install = async () => {
        await (await open()).addAll(FILES);
        await skipWaiting();
    };
    event.waitUntil(install());
});

addEventListener('activate', (event) => {
    const activate = async () => {
        for (const name of await caches.keys()) {
            if (name.startsWith(FAMILY) && name !== CACHE) await caches.delete(name);
        }
        await clients.claim();
        // Pages that were opened before there was anybody to keep them.
        for (const { url } of await clients.matchAll({ type: 'window' })) {
            const request = new Request(url.replace(/#.*/, ''));
            if (isBoard(new URL(url))) await load(event, request).catch(() => undefined);
        }
    };
    event.waitUntil(activate());
});

// A board that is open stays open for days: what is kept of it must not be from the
// day when it was opened.
addEventListener('message', (event) => {
    const url = new URL(event.source?.url ?? '/none', location.origin);
    if (event.data === 'renew' && isBoard(url)) {
        const request = new Request(url.href.replace(/#.*/, ''));
        event.waitUntil(load(event, request).catch(() => undefined));
    }
});

addEventListener('fetch', (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (request.method !== 'GET' || url.origin !== location.origin) return;
    if (request.mode === 'navigate') {
        if (isBoard(url)) event.respondWith(page(event));
        if (url.pathname === NEW_ORDER) event.respondWith(orBack(request));
    } else if (isFile(url)) {
        event.respondWith(file(request));
    }
});
