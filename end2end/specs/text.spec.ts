/** Whatever somebody writes into an order is shown as what they wrote, and does nothing. */

import { expect, test } from '../fixtures';
import type { NewOrder } from '../fixtures/orders';

/** `mark` in every field that takes free text. */
function orderFullOf(mark: (field: string) => string): NewOrder {
    return {
        source: { channel: mark('channel').slice(0, 40).replaceAll(',', ''), external_id: mark('external') },
        fulfilment: {
            type: 'delivery',
            table: mark('table').slice(0, 40),
            address: mark('address'),
            instructions: mark('instructions'),
        },
        customer: { name: mark('name'), phone: mark('phone').slice(0, 40) },
        items: [
            {
                name: mark('item'),
                quantity: 1,
                station: mark('station').slice(0, 40).replaceAll(',', ''),
                allergens: [mark('allergen').slice(0, 40)],
                modifiers: [{ kind: 'add', name: mark('modifier') }],
                note: mark('note'),
            },
        ],
    };
}

const DANGEROUS: Record<string, (field: string) => string> = {
    'an element with a handler': (field) => `<img src=x onerror=window.hacked='${field}'>`,
    'the end of the data and a script': (field) => `</script><script>hacked='${field}'</script>`,
    'a comment that would hide the rest': (field) => `<!--<script>${field}`,
    'an attribute that ends early': (field) => `"'><b onmouseover=hacked=1>${field}`,
    'line separators and an end of data': (field) => `${field}\u2028\u2029]]>&lt;&#60;`,
};

for (const [what, mark] of Object.entries(DANGEROUS)) {
    test(`${what} is text, served and streamed`, async ({ board, server, faults }) => {
        const served = await server.place(orderFullOf(mark));
        await board.open();
        const streamed = await server.place({
            ...orderFullOf(mark),
            source: { channel: 'web', external_id: 'another' },
        });
        for (const placed of [served, streamed]) {
            await board.has(placed, 'New');
            const ticket = board.ticket(placed).root;
            for (const field of ['name', 'item', 'modifier', 'note']) {
                const text = (await ticket.textContent() ?? '').replace(/[\s\u2028\u2029]+/g, ' ');
                expect(text.toLowerCase()).toContain(mark(field).replace(/[\s\u2028\u2029]+/g, ' ').toLowerCase());
            }
            await expect(ticket.locator('img, script, b[onmouseover]')).toHaveCount(0);
        }
        expect(await board.page.evaluate(() => 'hacked' in window)).toBe(false);
        expect(faults.seen).toEqual([]);
    });
}

test('every script of the world comes through as it was written', async ({ board, server }) => {
    await board.open();
    const names = ['Zoë Łukasiewicz', 'محمد علي', '山田太郎', 'ஆனந்த்', '👩‍👩‍👧 Family', 'e\u0301'];
    for (const name of names) {
        const placed = await server.place({
            customer: { name },
            items: [{ name: `${name} special`, quantity: 1, note: name }],
        });
        await board.has(placed, 'New');
        await expect(board.ticket(placed).root).toContainText(name);
        await expect(board.ticket(placed).root).toContainText(`${name} special`);
    }
});
