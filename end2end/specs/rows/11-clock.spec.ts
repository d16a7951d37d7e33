import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

test.describe('row 11: ages are right with a device clock that is wrong', () => {
    for (const [minutes, words] of [
        [4, 'Device clock is 4 min fast'],
        [-7, 'Device clock is 7 min slow'],
    ] as const) {
        test(`by ${minutes} minutes`, async ({ board, server }) => {
            await board.page.addInitScript((skew) => {
                const { now } = Date;
                Date.now = () => now() + skew;
            }, minutes * MINUTE);
            const placed = await server.place(order());
            await board.open();
            await board.says(words);
            const digits = board.ticket(placed).root.locator('.digits');
            await expect(digits).toHaveText(/^0:[0-5]\d$/);
            const later = await server.place(order());
            await expect(board.ticket(later).root.locator('.digits')).toHaveText(/^0:0\d$/);
        });
    }

    test('by nothing that is worth a word', async ({ board, server }) => {
        await server.place(order());
        await board.open();
        await expect(board.page.locator('#skew')).toBeEmpty();
    });

    test('that is put right while the board is open', async ({ board, server }) => {
        await board.page.addInitScript(() => {
            const { now } = Date;
            const page = window as unknown as { skew: number };
            page.skew = 0;
            Date.now = () => now() + page.skew;
        });
        const placed = await server.place(order());
        await board.open();
        await board.page.evaluate(() => ((window as unknown as { skew: number }).skew = 3_600_000));
        await board.says('Device clock is 60 min fast');
        await expect(board.ticket(placed).root.locator('.digits')).toHaveText(/^0:[0-5]\d$/);
    });
});

test.describe('where tickets warn from the first moment', () => {
    test.use({
        serverOptions: { env: { LIVE_ORDERS_STREAM_HEARTBEAT_MS: '1000', LIVE_ORDERS_KITCHEN_PICKUP: '0/10' } },
    });

    test('row 11: time left and lateness have a sign and a word', async ({ board, server }) => {
        const now = Date.now();
        const due = (at: number) => server.place(order({ fulfilment: { type: 'pickup', due_at: at } }));
        const late = await due(now - 2 * MINUTE);
        const soon = await due(now + 3 * MINUTE);
        await board.open();
        await expect(board.ticket(late).root.locator('.timer')).toHaveText(/^Late\s*\+2:\d\d$/);
        await expect(board.ticket(soon).root.locator('.timer')).toHaveText(/^Left\s*−[23]:\d\d$/);
        // The most urgent is first, whatever came first.
        await expect(board.lane('New').getByRole('article').first()).toContainText(`${late.number}`);
    });
});

test('row 11: a channel that waits for an answer is counted down, and warned of', async ({ board, server }) => {
    const answerBy = (accept_by: number) => server.place(order({ source: { channel: 'courier', accept_by } }));
    const long = await answerBy(Date.now() + 10 * MINUTE);
    const soon = Date.now() + 45 * SECOND;
    const short = await answerBy(soon);
    await board.open();
    await expect(board.ticket(long).root.locator('.timer')).toHaveText(/^Answer in\s*9:\d\d$/);
    // How far what it says is from what is left, in seconds.
    const off = async () => {
        const timer = (await board.ticket(short).root.locator('.timer').textContent()) ?? '';
        const says = /^\s*Answer in\s*0:(\d\d)\s*$/.exec(timer)?.[1] ?? NaN;
        return Math.abs(Number(says) - (soon - Date.now()) / SECOND);
    };
    await expect.poll(off).toBeLessThan(3);
    const item = (placed: { number: number }) => board.ticket(placed).root.locator('..');
    await expect(item(long)).not.toHaveClass(/is-warn/);
    await expect(item(short)).toHaveClass(/is-warn/);
    await board.ticket(short).bump();
    await expect(board.ticket(short).root.locator('.timer')).not.toContainText('Answer in');
});
