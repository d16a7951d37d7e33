/** A board says nothing in another language than its own. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Page } from '@playwright/test';

import { still } from '../board';
import { expect, test } from '../fixtures';
import { order } from '../fixtures/orders';
import { DATA, type Language, busyKitchen, each, openScreen } from '../fixtures/views';

/** The words of a language's table, as they stand in its texts. */
function table(language: Language): Set<string> {
    const file = fileURLToPath(new URL(`../../src/server/language/${language}.toml`, import.meta.url));
    const texts = readFileSync(file, 'utf8').matchAll(/^\w+ = "(.*)"$/gm);
    return new Set(Array.from(texts, ([, text]) => wordsOf(text ?? '')).flat());
}

/** Whole words, without case; what is written with an apostrophe is one. */
function wordsOf(text: string): string[] {
    return text.toLowerCase().match(/[\p{L}\p{M}][\p{L}\p{M}’']*/gu) ?? [];
}

/** Who does something, as the history has it, and where: names, not words. */
const NAMES = ['board', 'api', 'clock', 'columns', 'grid', 'prep', 'main', 'kitchen'];

/**
 * Has the page remember every text that is ever on it, and every name that is
 * read out, but what is written on keys.
 */
async function remember(page: Page): Promise<void> {
    await page.addInitScript(() => {
        const said = new Set<string>();
        Object.defineProperty(window, 'said', { value: said });
        const names = ['aria-label', 'title', 'placeholder', 'alt', 'data-continued'];
        const hear = (node: Node) => {
            const element = node instanceof Element ? node : node.parentElement;
            if (!element || element.closest('script, style, noscript, kbd, head, .help')) return;
            if (!(node instanceof Element)) {
                if (node.textContent?.trim()) said.add(node.textContent.trim());
                return;
            }
            for (const name of names) {
                const text = node.getAttribute(name);
                if (text) said.add(text);
            }
            for (const child of node.childNodes) hear(child);
        };
        const follow = () => {
            hear(document.body);
            new MutationObserver((changes) => {
                for (const { target, addedNodes, type } of changes) {
                    if (type === 'characterData' || type === 'attributes') hear(target);
                    for (const node of addedNodes) hear(node);
                }
            }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: names });
        };
        document.addEventListener('DOMContentLoaded', follow);
    });
}

const said = (page: Page): Promise<string[]> =>
    page.evaluate(() => [...(window as unknown as { said: Set<string> }).said]);

/** What the page has said so far in English. */
async function english(page: Page, language: Language): Promise<string[]> {
    const data = new Set([...DATA, ...NAMES, language]);
    const own = table(language);
    // What both languages say is no fault; in Arabic no Latin letter is right, known or not.
    const foreign = (word: string) =>
        !data.has(word) && !own.has(word) && (language === 'ar' ? /[a-z]{2}/.test(word) : table('en').has(word));
    return (await said(page)).filter((text) => wordsOf(text).some(foreign));
}

test('the test hears English', async ({ page, server }) => {
    await remember(page);
    const kitchen = await busyKitchen(server, 'en');
    await openScreen(page, kitchen.screens.columns);
    const texts = new Set(await said(page));
    for (const text of ['Accept', 'Pickup', 'Search']) expect(texts).toContain(text);
    for (const language of ['de', 'ar'] as const) {
        expect((await english(page, language)).length).toBeGreaterThan(20);
    }
});

for (const language of ['de', 'ar'] as const) {
    test.describe(`in ${language}`, () => {
        test.setTimeout(120_000);

        test('no view, panel or dialog says anything in English', async ({ page, server }) => {
            await remember(page);
            const kitchen = await busyKitchen(server, language);
            await each(page, kitchen, async ({ name }) => {
                expect.soft(await english(page, language), name).toEqual([]);
            });
        });

        test('nor does what the board says of what happens', async ({ page, server, network, faults }) => {
            faults.allowLostConnections();
            await remember(page);
            const kitchen = await busyKitchen(server, language);
            await server.ask('PUT', '/api/intake', { state: 'paused', minutes: 30 });
            await openScreen(page, kitchen.screens.columns);
            await expect(page.locator('#paused')).not.toBeEmpty();
            // Refused, by a server that says why: somebody else is at another version.
            const stale = await server.move(await server.read(kitchen.placed.id), 'accepted');
            const ticket = page.locator(`li[data-order="${stale.id}"]`);
            await page.route(`**/${stale.id}/transitions`, async (route) => {
                const body = { ...(route.request().postDataJSON() as object), expected_version: 1 };
                await route.continue({ postData: JSON.stringify(body) });
            });
            // The board has heard of it, and some time ago.
            await expect(ticket).not.toHaveClass(/is-answer/);
            await still(ticket);
            await ticket.locator('[data-act="bump"]').first().click();
            await expect(ticket.locator('.refused')).toBeVisible();
            await ticket.locator('.refused [data-act="dismiss"], .refused [data-act="let-go"]').first().click();
            await page.unroute(`**/${stale.id}/transitions`);
            // Made, undone, and read out; by keys, since a finger that presses twice means once.
            await ticket.locator('[data-act="bump"]').first().press('Enter');
            await expect(page.locator(`.lane-preparing [data-order="${stale.id}"]`)).toHaveCount(1);
            // The stream may be faster than the answer, and until then nothing else is taken, or taken back.
            await expect(ticket).not.toHaveClass(/is-pending/);
            await ticket.locator('[data-act="bump"]').first().press('Enter');
            await expect(page.locator(`.lane-ready [data-order="${stale.id}"]`)).toHaveCount(1);
            await expect(ticket).not.toHaveClass(/is-pending/);
            await page.locator('#undo [data-act="undo"]').click();
            await expect(page.locator(`.lane-preparing [data-order="${stale.id}"]`)).toHaveCount(1);
            await page.locator('[data-act="theme"]').click();
            await page.locator('[data-act="sound"]').filter({ visible: true }).first().click();
            await server.ask('PUT', '/api/intake', { state: 'open', minutes: 1 });
            await expect(page.locator('#paused')).toBeEmpty();
            await server.place(order({ items: [{ name: 'Qixfood', quantity: 1, station: 'qixgrill' }], source: { channel: 'qixweb' } }));
            // Offline, with something that waits, and back.
            await network.cut();
            await expect(page.locator('#chip')).toHaveClass(/is-offline/, { timeout: 60_000 });
            await ticket.locator('[data-act="bump"]').first().click();
            await expect(ticket.locator('.waiting')).toBeVisible({ timeout: 20_000 });
            await network.restore();
            await expect(page.locator('#chip')).toHaveClass(/is-live/, { timeout: 60_000 });
            await expect(ticket.locator('.waiting')).toBeHidden({ timeout: 20_000 });
            expect(await english(page, language)).toEqual([]);
        });

        test('nor does an empty board', async ({ page, server }) => {
            await remember(page);
            const title = 'Qixname';
            await server.keepScreen('columns', { title, language, view: 'columns' });
            await server.keepScreen('prep', { title, language, role: 'prep', stations: ['qixgrill'] });
            for (const screen of ['columns', 'prep']) {
                await openScreen(page, screen);
                await page.locator('[data-act="closed"]').first().click();
                await expect(page.locator('#dialog .keys')).toBeVisible();
                await page.keyboard.press('Escape');
                expect(await english(page, language)).toEqual([]);
            }
        });
    });
}
