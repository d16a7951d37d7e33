/**
 * What one change costs the board: 500 open orders, on a device four times as
 * slow as this one, and one order at a time changes. What counts is how long
 * the page's main thread computes for it, as the browser's own trace tells.
 */

import { setTimeout as pause } from 'node:timers/promises';

import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures';
import type { Server } from '../fixtures/server';
import { OPEN_ORDERS, busyOrder, fill, percentile } from './kitchen';

const SLOWER = 4;
const CHANGES_OF_A_KIND = 20;
/** Within a second of the board's clock, which draws every ticket's time anew: clear of it and of each other. */
const AT_MS = [200, 540];
/** For how long what happens still belongs to a change: no longer than to the next one. */
const WINDOW_US = 290_000;
const SECOND_WINDOW_US = 150_000;

const KINDS = {
    'order.updated': 'an item is ticked',
    'order.ready': 'a ticket moves',
    'order.placed': 'a ticket comes',
    second: 'a second goes by',
};
type Kind = keyof typeof KINDS;

/** The stream's events are not in a trace by themselves. */
function markChanges(kinds: string[]): void {
    document.addEventListener('DOMContentLoaded', () => {
        const clock = document.querySelector('#clock');
        const second = new MutationObserver(() => performance.mark('second'));
        if (clock) second.observe(clock, { childList: true, characterData: true, subtree: true });
    });
    window.EventSource = class extends EventSource {
        constructor(url: string | URL, options?: EventSourceInit) {
            super(url, options);
            for (const kind of kinds) this.addEventListener(kind, () => performance.mark(kind));
        }
    };
}

/** The board's clock has just shown another second. */
function second(): Promise<void> {
    return new Promise((done) => {
        const clock = document.querySelector('#clock');
        if (!clock) throw new Error('no clock');
        const seen = new MutationObserver(() => {
            seen.disconnect();
            done();
        });
        seen.observe(clock, { childList: true, characterData: true, subtree: true });
    });
}

/** The orders of the lane that are on the page, the most urgent first. */
function drawn(): string[] {
    const tickets = document.querySelectorAll<HTMLElement>('.lane-preparing .tickets > [data-order]');
    return Array.from(tickets, (ticket) => ticket.dataset.order ?? '');
}

/** Gets one change ready, so that the page is not asked anything when it is made. */
async function prepare(page: Page, server: Server, kind: Kind, count: number): Promise<() => Promise<unknown>> {
    // By turns where it can be seen and below the fold; what is in a hurry comes first in its lane.
    const seen = count % 2 === 0;
    if (kind === 'order.placed') return () => server.place({ ...busyOrder(count), rush: seen });
    const near = await page.evaluate(drawn);
    const far = (await server.open()).filter(
        (order) => order.status === 'preparing' && !near.slice(0, 20).includes(order.id),
    );
    // Never one order twice, of the two that are got ready together.
    const place = kind === 'order.ready' ? 1 : 0;
    const id = seen ? near[place] : far[far.length - 1 - place]?.id;
    if (!id) throw new Error(`no ticket at ${place}`);
    const order = await server.read(id);
    if (kind === 'order.ready') return () => server.move(order, 'ready');
    return () => server.tick(order, 1, order.items[0]?.status === 'done' ? 'todo' : 'done');
}

interface TraceEvent {
    name: string;
    ph: string;
    pid: number;
    tid: number;
    ts: number;
    dur: number;
    /** The thread's own time, in microseconds. */
    tdur: number;
}

interface Cost {
    /** The page's own part of the task in which the event is taken in. */
    script: number;
    /** All of that task: what the browser does to bring the event, and to be watched, too. */
    apply: number;
    /** The frame that shows it. */
    render: number;
    /** Whatever the thread does until the next change; on a busy machine now and then the next second's times. */
    after: number;
    /** The frame's parts, by their names in a trace. */
    parts: Map<string, number>;
}

/** As the trace names them, with what they are called here. */
const PARTS: Record<string, string> = {
    UpdateLayoutTree: 'style',
    Layout: 'layout',
    PrePaint: 'prepaint',
    'IntersectionObserverController::computeIntersections': 'what is in view',
    Paint: 'paint',
    Layerize: 'layers',
    Commit: 'commit',
};

function within(outer: TraceEvent, inner: TraceEvent): boolean {
    return outer.ts <= inner.ts && inner.ts < outer.ts + outer.dur;
}

/** What each change has cost, in milliseconds of the main thread's own time. */
function costs(events: TraceEvent[]): Map<Kind, Cost[]> {
    const marks = events.filter((event) => event.name in KINDS).sort((a, b) => a.ts - b.ts);
    const { pid, tid } = marks[0] ?? {};
    const thread = events.filter((event) => event.pid === pid && event.tid === tid && event.ph === 'X');
    thread.sort((a, b) => a.ts - b.ts || b.dur - a.dur);
    const tasks = thread.filter((event) => event.name === 'RunTask');
    const frames = new Set(
        thread.filter((event) => event.name === 'Commit').map((commit) => tasks.find((task) => within(task, commit))),
    );
    const found = new Map<Kind, Cost[]>();
    for (const mark of marks) {
        const first = tasks.findIndex((task) => within(task, mark));
        const message = tasks[first];
        if (!message) continue;
        const until = message.ts + (mark.name === 'second' ? SECOND_WINDOW_US : WINDOW_US);
        const rest = tasks.slice(first + 1).filter((task) => task.ts < until);
        // What changes out of sight needs no frame.
        const frame = rest.find((task) => frames.has(task));
        const parts = new Map<string, number>();
        let end = 0;
        for (const event of frame ? thread : []) {
            if (!frame || !within(frame, event) || !(event.name in PARTS) || event.ts < end) continue;
            end = event.ts + event.dur;
            parts.set(event.name, (parts.get(event.name) ?? 0) + event.tdur / 1000);
        }
        let script = 0;
        end = 0;
        for (const event of thread) {
            if (!within(message, event) || event.name !== 'FunctionCall' || event.ts < end) continue;
            end = event.ts + event.dur;
            script += event.tdur / 1000;
        }
        const others = rest.filter((task) => task !== frame).reduce((sum, task) => sum + task.tdur, 0);
        const kind = mark.name as Kind;
        found.set(kind, [
            ...(found.get(kind) ?? []),
            { script, apply: message.tdur / 1000, render: (frame?.tdur ?? 0) / 1000, after: others / 1000, parts },
        ]);
    }
    return found;
}

function told(name: string, figures: number[]): string {
    const sorted = [...figures].sort((a, b) => a - b);
    const [median, p95, worst] = [0.5, 0.95, 1].map((share) => percentile(sorted, share).toFixed(1).padStart(6));
    return `${name.padEnd(10)}${median} ms ${p95} ms ${worst} ms`;
}

test(`one change among ${OPEN_ORDERS} open orders, ${SLOWER} times as slow`, async ({ board, server, browser }, info) => {
    const { page } = board;
    await fill(server);
    const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => kind !== 'second');
    await page.addInitScript(markChanges, kinds);
    await board.open();
    await expect.poll(async () => (await board.numbers()).length).toBe(OPEN_ORDERS);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });

    await page.evaluate(second);
    await browser.startTracing(page, {
        categories: ['-*', 'devtools.timeline', 'disabled-by-default-devtools.timeline', 'blink.user_timing'],
    });
    const changes = Array.from({ length: CHANGES_OF_A_KIND }, () => kinds).flat();
    for (let count = 0; count < changes.length; count += AT_MS.length) {
        const pair = changes.slice(count, count + AT_MS.length);
        const ready: (() => Promise<unknown>)[] = [];
        for (const [place, kind] of pair.entries()) {
            ready.push(await prepare(page, server, kind, Math.floor((count + place) / kinds.length)));
        }
        await page.evaluate(second);
        const started = performance.now();
        for (const [place, change] of ready.entries()) {
            await pause(Math.max(0, started + (AT_MS[place] ?? 0) - performance.now()));
            await change();
        }
        await pause(WINDOW_US / 1000);
    }
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 });

    const lines = [`one change, main thread ${SLOWER} times as slow:  median       p95     worst`];
    const byKind = [...costs(traceEvents)].flatMap(([kind, all]): [string, Cost[]][] =>
        kind === 'second'
            ? [[KINDS[kind], all]]
            : [
                  [`${KINDS[kind]} in sight`, all.filter((_, count) => count % 2 === 0)],
                  [`${KINDS[kind]} out of sight`, all.filter((_, count) => count % 2 === 1)],
              ],
    );
    for (const [what, all] of byKind) {
        lines.push(`${what} (${all.length} times)`);
        for (const part of ['script', 'apply', 'render', 'after'] as const) {
            lines.push(`    ${told(part, all.map((cost) => cost[part]))}`);
        }
        const parts = Object.entries(PARTS).map(([part, name]) => {
            const sorted = all.map((cost) => cost.parts.get(part) ?? 0).sort((a, b) => a - b);
            return `${name} ${percentile(sorted, 0.5).toFixed(1)}`;
        });
        lines.push(`    median of the frame's parts: ${parts.join(', ')}`);
    }
    const figures = lines.join('\n');
    console.log(figures);
    info.annotations.push({ type: 'figures', description: figures });

    await board.holdsExactly(await server.open(), 20_000);
});
