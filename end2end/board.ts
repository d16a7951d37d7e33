/**
 * The board as somebody in the kitchen sees it. All knowledge of its markup is
 * here: the tests speak of tickets, lanes and what the connection says.
 */

import { type Locator, type Page, expect } from '@playwright/test';

import type { FoodOrder } from './fixtures/orders';

export type Lane = 'New' | 'Preparing' | 'Ready' | 'Out';

export class Board {
    constructor(readonly page: Page) {}

    /** Opens the board and waits until it is alive. */
    async open(query = ''): Promise<void> {
        await this.page.goto(`/${query}`);
        await this.isLive();
    }

    // --- what is on it -------------------------------------------------------

    get tickets(): Locator {
        return this.page.getByRole('article');
    }

    ticket(order: Pick<FoodOrder, 'number'>): Ticket {
        const heading = this.page.getByRole('heading', { name: new RegExp(`\\b${order.number}\\b`) });
        return new Ticket(this.tickets.filter({ has: heading }));
    }

    lane(lane: Lane): Locator {
        return this.page.getByRole('region', { name: new RegExp(`^${lane}\\b`) });
    }

    /** The order's ticket, where it has to be when it is in `lane`. */
    async has(order: Pick<FoodOrder, 'number'>, lane: Lane): Promise<void> {
        await expect(this.ticketIn(order, lane)).toHaveCount(1);
    }

    ticketIn(order: Pick<FoodOrder, 'number'>, lane: Lane): Locator {
        const heading = this.page.getByRole('heading', { name: new RegExp(`\\b${order.number}\\b`) });
        return this.lane(lane).getByRole('article').filter({ has: heading });
    }

    /** The numbers of all tickets and of those that are not drawn, sorted; of one moment. */
    async numbers(): Promise<number[]> {
        const texts = await this.page.locator('.stage').evaluate((stage) => [
            ...Array.from(stage.querySelectorAll('article h3'), (heading) => /\d+/.exec(heading.textContent)?.[0]),
            ...Array.from(stage.querySelectorAll('.board:not(.is-grid) .lanes .numbers, .is-grid .grid .numbers'), (rest) => rest.textContent.match(/\d+/g) ?? []).flat(),
        ]);
        return texts.map(Number).sort((a, b) => a - b);
    }

    /** Waits until the tickets are exactly those of `orders`, none twice. */
    async holdsExactly(orders: Pick<FoodOrder, 'number'>[], timeout?: number): Promise<void> {
        const want = orders.map((order) => order.number).sort((a, b) => a - b);
        await expect.poll(() => this.numbers(), timeout === undefined ? {} : { timeout }).toEqual(want);
    }

    /** The ticket of an order that is not closed: one that was called off stays to be seen. */
    openTicket(order: Pick<FoodOrder, 'number'>): Locator {
        return this.ticket(order).root.filter({ hasNotText: /cancelled/i });
    }

    /** Everything on the page that looks like a time or an age. */
    async clocks(): Promise<string[]> {
        return (await this.page.locator('body').innerText()).match(/\d+:\d\d(:\d\d)?/g) ?? [];
    }

    station(name: string): Locator {
        return this.page.getByRole('link', { name: new RegExp(`^${name}\\b`, 'i') });
    }

    // --- what it says --------------------------------------------------------

    /** Text that has to be seen, not only read aloud. */
    async says(text: string | RegExp, timeout?: number): Promise<void> {
        const options = timeout === undefined ? {} : { timeout };
        await expect(this.page.getByText(text).filter({ visible: true }).first()).toBeVisible(options);
    }

    /** What is always there and says how fresh the board is. */
    get chip(): Locator {
        return this.page.locator('#chip-words');
    }

    /** What says it at length when it is not. */
    get bar(): Locator {
        return this.page.locator('#bar-words');
    }

    /** Notes what `part` says where it can be seen, from now on and however shortly; gives all of it so far. */
    async overhear(part: Locator): Promise<() => Promise<string[]>> {
        const said = await part.evaluateHandle((part) => {
            const said: string[] = [];
            const look = () => {
                const seen = part.checkVisibility({ visibilityProperty: true });
                if (seen && part.textContent !== said.at(-1)) said.push(part.textContent);
            };
            look();
            // What hides it may be any element that it is in.
            const all = { attributes: true, childList: true, characterData: true, subtree: true };
            new MutationObserver(look).observe(document, all);
            return said;
        });
        return () => said.jsonValue();
    }

    /** Waits until the board says that it has no server, in whichever words it has by then. */
    async isCutOff(timeout = 15_000): Promise<void> {
        const words = this.chip.filter({ hasText: /^(Reconnecting… last update|Not live|Offline)/ });
        await expect(words).toBeVisible({ timeout });
    }

    laneTitle(lane: Lane): Locator {
        return this.lane(lane).getByRole('heading', { name: lane });
    }

    /** Whether nothing lies over `part`, in the viewport. */
    isOnTop(part: Locator): Promise<boolean> {
        return part.evaluate((element) => {
            const { left, top, width, height } = element.getBoundingClientRect();
            const there = document.elementFromPoint(left + width / 2, top + height / 2);
            return element.contains(there);
        });
    }

    /** How the timer of the first ticket looks, whatever it shows. */
    timerLook(): Promise<string[]> {
        return this.page
            .locator('.timer')
            .first()
            .evaluate((timer) => {
                const { color, borderStyle } = getComputedStyle(timer);
                return [color, borderStyle];
            });
    }

    async isLive(timeout?: number): Promise<void> {
        const options = timeout === undefined ? {} : { timeout };
        await expect(this.page.getByText('Live', { exact: true })).toBeVisible(options);
        // Dialogs, panels and keys come a moment later.
        await expect(this.page.locator('#app')).toHaveAttribute('data-extras', '');
    }

    /** Waits until the browser could show this page without a server. */
    async isKept(): Promise<void> {
        const kept = () =>
            this.page.evaluate(async () => {
                if (navigator.serviceWorker.controller === null) return false;
                // The page comes first, and what it looks like after it.
                const sheets = document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]');
                const all = [location.href, ...Array.from(sheets, (it) => it.href)];
                const there = await Promise.all(all.map((it) => caches.match(it, { ignoreVary: true })));
                return there.every((it) => it !== undefined);
            });
        await expect.poll(kept, { timeout: 30_000 }).toBe(true);
    }

    /** Waits until the device remembers `text` of what the board knew last. */
    async remembers(text: string): Promise<void> {
        const known = () =>
            this.page.evaluate(
                (name) => localStorage.getItem(name) ?? '',
                `known/${new URL(this.page.url()).pathname}${new URL(this.page.url()).search}`,
            );
        await expect.poll(known, { timeout: 20_000 }).toContain(text);
    }

    /**
     * Stops the page's program, as for the fifth time in a row: it loads itself
     * anew so late, 48 s, that there is time to look at it.
     */
    async crash(): Promise<void> {
        await this.page.evaluate(() => {
            sessionStorage.setItem('crashes', '4');
            // See CRASHED_EVENT in src/app.rs.
            window.dispatchEvent(new Event('live-orders:crashed'));
        });
    }

    // --- what can be done ----------------------------------------------------

    async undo(): Promise<void> {
        await this.page.getByRole('button', { name: /^Undo/ }).click();
    }

    /** Brings an order back from the list of those that were closed last. */
    async recallFromList(order: Pick<FoodOrder, 'number'>): Promise<void> {
        await this.page.getByRole('button', { name: 'Recall', exact: true }).click();
        const list = this.page.getByRole('dialog', { name: 'Closed today' });
        await list.getByRole('button', { name: `Recall order ${order.number}` }).click();
        await expect(list).toBeHidden();
    }
}

/**
 * Waits until what can be done with a ticket has been the same for a moment: a
 * bump right after somebody else's change is meant for what was there before, and
 * the board drops it.
 */
export async function still(ticket: Locator): Promise<void> {
    await ticket.evaluate(
        (element) =>
            new Promise<void>((resolve) => {
                let timer = setTimeout(resolve, 350);
                new MutationObserver(() => {
                    clearTimeout(timer);
                    timer = setTimeout(resolve, 350);
                }).observe(element.querySelector('footer') ?? element, { childList: true, subtree: true });
            }),
    );
}

export class Ticket {
    constructor(readonly root: Locator) {}

    /** Its words change with the order's status. */
    get bumpButton(): Locator {
        return this.root.locator('[data-act="bump"]');
    }

    async bump(): Promise<void> {
        await still(this.root);
        await this.bumpButton.click();
    }

    async recall(): Promise<void> {
        await this.root.getByRole('button', { name: /^Recall/ }).click();
    }

    async retry(): Promise<void> {
        await this.root.getByRole('button', { name: 'Retry' }).click();
    }

    /** The button that ticks one item. */
    item(name: string): Locator {
        return this.root.locator('[data-act^="item-"]').filter({ hasText: name });
    }

    async isTicked(name: string, ticked: boolean): Promise<void> {
        await expect(this.item(name)).toHaveAttribute('aria-pressed', String(ticked));
    }

    async cancel(reason: string): Promise<void> {
        await this.root.getByRole('button', { name: /^(Cancel|Reject) order/ }).click();
        const dialog = this.root.page().getByRole('dialog', { name: /^(Cancel|Reject) order/ });
        await dialog.getByRole('button', { name: reason }).click();
        await expect(dialog).toBeHidden();
    }

    /** What waits to be sent, as the ticket says it. */
    async waits(what: string): Promise<void> {
        await expect(this.root.locator('.waiting')).toContainText(what);
    }

    async takeBack(): Promise<void> {
        await this.root.getByRole('button', { name: /^Take back/ }).click();
    }

    async dismiss(): Promise<void> {
        await this.root.getByRole('button', { name: /^Dismiss/ }).click();
    }

    /** Not yet confirmed by the server. */
    async isPending(): Promise<void> {
        await expect(this.bumpButton).toContainText('Saving…');
    }

    async isSettled(): Promise<void> {
        await expect(this.bumpButton).not.toContainText('Saving…');
    }

    /** The server refused, and the ticket says why. */
    async isRefused(why: string | RegExp): Promise<void> {
        await expect(this.root.getByText('Not saved – ')).toContainText(why);
    }
}
