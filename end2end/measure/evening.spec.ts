/**
 * A whole evening at once: 500 open orders, 20 changes a second, and somebody
 * who taps once a second, on a device four times as slow as this one. What
 * counts is how long a tap takes to show, whether anything holds the page up,
 * and whether it needs more memory at the end than at the beginning.
 */

import { writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

import type { CDPSession, Page } from '@playwright/test';

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';
import { OPEN_ORDERS, bringIntoView, change, fill, percentile, taps, watchTaps, ways } from './kitchen';

const SLOWER = 4;
const MINUTES = Number(process.env.MINUTES ?? 10);
/** What the board looks like: `columns` or `grid`. */
const VIEW = process.env.VIEW ?? 'columns';
/** Where to write what the main thread computed, for a look with the browser's own tools. */
const PROFILE = process.env.PROFILE;
/** The same for all that it did, with what made which styles be worked out anew: see `SelectorStats` in it. */
const TRACE = process.env.TRACE;
const TRACED_CATEGORIES = [
    'devtools.timeline',
    'disabled-by-default-devtools.timeline',
    'disabled-by-default-devtools.timeline.invalidationTracking',
    'disabled-by-default-blink.debug',
];
/** Before the first look at the memory: code is compiled and caches fill. */
const WARM_UP_MS = 30_000;

/** What the page has been held up by, and the module's memory, which is no part of the heap. */
function watchTasks(): void {
    const seen = window as unknown as { longTasks: number[]; memory?: WebAssembly.Memory };
    seen.longTasks = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) seen.longTasks.push(entry.duration);
    }).observe({ type: 'longtask', buffered: true });
    // However the module comes, its memory is made before it, or with it.
    for (const way of ['instantiateStreaming', 'instantiate'] as const) {
        const instantiate = WebAssembly[way] as (...all: unknown[]) => Promise<unknown>;
        (WebAssembly as unknown as Record<string, unknown>)[way] = async (...all: unknown[]) => {
            const made = (await instantiate.apply(WebAssembly, all)) as Partial<WebAssembly.WebAssemblyInstantiatedSource>;
            const instance = made.instance ?? (made as WebAssembly.Instance);
            for (const part of Object.values(instance.exports)) {
                if (part instanceof WebAssembly.Memory) seen.memory = part;
            }
            return made;
        };
    }
}

interface Weight {
    /** After everything that can be collected has been, in KiB. */
    heap: number;
    module: number;
    nodes: number;
    listeners: number;
}

async function weigh(page: Page, devtools: CDPSession): Promise<Weight> {
    await devtools.send('HeapProfiler.collectGarbage');
    const { usedSize } = await devtools.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters');
    const memory = await page.evaluate(
        () => (window as unknown as { memory?: WebAssembly.Memory }).memory?.buffer.byteLength ?? 0,
    );
    return { heap: usedSize / 1024, module: memory / 1024, nodes, listeners: jsEventListeners };
}

/** What the main thread has done since the page was opened, in seconds; slowed down as it is. */
async function work(devtools: CDPSession): Promise<Record<string, number>> {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}
const WORK = { TaskDuration: 'all', ScriptDuration: 'script', RecalcStyleDuration: 'style', LayoutDuration: 'layout' };

const longTasks = (page: Page) =>
    page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.splice(0));

test(`${MINUTES} minutes at 20 changes a second, ${SLOWER} times as slow`, async ({ board, server }, info) => {
    test.setTimeout((MINUTES + 5) * 60_000);
    const { page } = board;
    const mine = await Promise.all(Array.from({ length: 8 }, () => server.place(order({ rush: true }))));
    const others = await fill(server, OPEN_ORDERS - mine.length);
    await page.addInitScript(watchTaps);
    await page.addInitScript(watchTasks);
    await board.open(`?view=${VIEW}`);
    await expect.poll(async () => (await board.numbers()).length).toBe(OPEN_ORDERS);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });

    const stop = new AbortController();
    const started = performance.now();
    const changing = change(server, others, stop.signal, true);
    await pause(WARM_UP_MS);
    const before = await weigh(page, devtools);
    // Collecting everything at once is a long task of ours.
    await longTasks(page);
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const traced: unknown[] = [];
    if (TRACE) {
        devtools.on('Tracing.dataCollected', ({ value }) => traced.push(...value));
        await devtools.send('Tracing.start', {
            transferMode: 'ReportEvents',
            traceConfig: { includedCategories: TRACED_CATEGORIES },
        });
    }
    if (PROFILE) {
        await devtools.send('Profiler.enable');
        await devtools.send('Profiler.setSamplingInterval', { interval: 500 });
        await devtools.send('Profiler.start');
    }
    const worked = await work(devtools);
    const measured = performance.now();
    const until = performance.now() + MINUTES * 60_000;
    for (let tap = 0; performance.now() < until; tap += 1) {
        const target = mine[tap % mine.length];
        if (!target) continue;
        const { x, y } = await page.evaluate(bringIntoView, target.id);
        await page.mouse.click(x, y);
        await expect.poll(async () => (await taps(page)).length, { intervals: [50] }).toBe(tap + 1);
        await pause(1_000);
    }
    const workedAfter = await work(devtools);
    const seconds = (performance.now() - measured) / 1000;
    if (PROFILE) {
        const { profile } = await devtools.send('Profiler.stop');
        await writeFile(PROFILE, JSON.stringify(profile));
    }
    if (TRACE) {
        const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
        await devtools.send('Tracing.end');
        await complete;
        await writeFile(TRACE, JSON.stringify({ traceEvents: traced }));
    }
    const tasks = (await longTasks(page)).sort((a, b) => a - b);
    const after = await weigh(page, devtools);
    stop.abort();
    const rate = ((await changing) * 1000) / (performance.now() - started);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 });

    const sorted = (await taps(page)).sort((a, b) => a - b);
    const at = (figures: number[], share: number) => percentile(figures, share).toFixed(0);
    const all = await ways(page);
    const legs = (leg: number) => {
        const each = all.map((way) => (way[leg] ?? 0) - (way[leg - 1] ?? 0)).sort((a, b) => a - b);
        return `median ${at(each, 0.5)} ms, p95 ${at(each, 0.95)} ms`;
    };
    const grown = (of: keyof Weight) =>
        `${before[of].toFixed(0)} to ${after[of].toFixed(0)} (${(((after[of] - before[of]) / before[of]) * 100).toFixed(1)} %)`;
    const figures = [
        `${VIEW}: ${MINUTES} minutes, ${rate.toFixed(1)} changes a second on ${OPEN_ORDERS} open orders, ${SLOWER} times as slow`,
        `input to paint over ${sorted.length} taps: median ${at(sorted, 0.5)} ms, p95 ${at(sorted, 0.95)} ms, worst ${at(sorted, 1)} ms`,
        `of which until it is taken up ${legs(0)}, until its frame begins ${legs(1)}, until that is over ${legs(2)}`,
        `the main thread's work in a second: ${Object.entries(WORK)
            .map(([name, what]) => {
                const each = ((workedAfter[name] ?? 0) - (worked[name] ?? 0)) / seconds;
                return `${what} ${(each * 1000).toFixed(0)} ms`;
            })
            .join(', ')}`,
        `tasks over 50 ms: ${tasks.length}; over 200 ms: ${tasks.filter((task) => task > 200).length}` +
            (tasks.length ? `; median ${at(tasks, 0.5)} ms, worst ${at(tasks, 1)} ms` : ''),
        `heap after collection, KiB: ${grown('heap')}; the module's memory: ${grown('module')}`,
        `nodes: ${grown('nodes')}; listeners: ${grown('listeners')}`,
    ].join('\n');
    console.log(figures);
    info.annotations.push({ type: 'figures', description: figures });
    await board.holdsExactly(await server.open(), 20_000);
});
