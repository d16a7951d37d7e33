/** Long words, small screens and large letters cut nothing off that is read or pressed. */

import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';
import { LANGUAGES, busyKitchen, each, openScreen } from '../fixtures/views';

/** What sticks out of the page, of its dialog or panel, or of its ticket. */
function cutOff(page: Page): Promise<string[]> {
    return page.evaluate(() => {
        const faults: string[] = [];
        const say = (what: string, element: Element) =>
            faults.push(`${what}: ${element.outerHTML.slice(0, 120)} "${element.textContent.slice(0, 60)}"`);
        const root = document.documentElement;
        if (root.scrollWidth > root.clientWidth) say('the page scrolls sideways', root);
        for (const box of document.querySelectorAll('dialog[open], #panel-body, .strip, .second')) {
            if (box.clientWidth > 0 && box.scrollWidth > box.clientWidth + 1) say('scrolls sideways', box);
        }
        const open = document.querySelector('dialog[open]');
        for (const button of document.querySelectorAll('button, a[href], .digits, .number, .name')) {
            const { left, right, width, height } = button.getBoundingClientRect();
            if (width === 0 || height === 0 || button.closest('.filters, .unseen, .slots')) continue;
            if (open && !open.contains(button)) continue;
            const box = button.closest('.ticket, dialog, .strip, .panel') ?? root;
            const around = box.getBoundingClientRect();
            if (left < around.left - 1 || right > around.right + 1) say('sticks out', button);
        }
        return faults;
    });
}

for (const [device, viewport] of [
    ['a phone of 320 pixels', { width: 320, height: 640 }],
    ['a small screen at 200 %', { width: 683, height: 384 }],
    ['a wide screen', { width: 1600, height: 900 }],
] as const) {
    test.describe(device, () => {
        test.use({ viewport });
        test.setTimeout(120_000);

        for (const language of LANGUAGES) {
            test(`cuts nothing off, ${language}`, async ({ page, server }) => {
                const kitchen = await busyKitchen(server, language);
                await each(page, kitchen, async ({ name }) => {
                    expect.soft(await cutOff(page), name).toEqual([]);
                });
            });
        }
    });
}

test('nothing moves for those who asked for less motion', async ({ page, server, board }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await board.open();
    await page.evaluate(() => {
        Object.assign(window, { moved: [] });
        for (const event of ['animationstart', 'transitionrun']) {
            document.addEventListener(event, ({ target }) => {
                (window as unknown as { moved: string[] }).moved.push((target as Element).className);
            });
        }
    });
    const placed = await server.move(await server.place(order()), 'accepted');
    await expect(board.ticket(placed).bumpButton).toContainText('Start');
    await board.ticket(placed).bump();
    await board.has(placed, 'Preparing');
    expect(await page.evaluate(() => (window as unknown as { moved: string[] }).moved)).toEqual([]);
});

test('forced colours: what colour says is said by edges too', async ({ page, server }) => {
    await page.emulateMedia({ forcedColors: 'active' });
    const kitchen = await busyKitchen(server, 'en');
    await openScreen(page, kitchen.screens.columns);
    const edge = (selector: string) =>
        page.locator(selector).first().evaluate((it) => parseFloat(getComputedStyle(it).borderBlockStartWidth));
    expect(await edge('.ticket.is-late')).toBeGreaterThan(await edge('.ticket.is-on-time'));
    for (const selector of ['.ticket .head', '.badge', '.allergens', '.qty.is-many']) {
        expect(await edge(selector), selector).toBeGreaterThanOrEqual(1);
    }
    // Lines that nobody ticks any more are read all the same.
    const [line, page_] = await page.evaluate(() => {
        const line = document.querySelector('.item:disabled .name') ?? document.body;
        return [getComputedStyle(line).color, getComputedStyle(document.body).color];
    });
    expect(line).toBe(page_);
});
