/** An order that is sent again and again is one order. */

import { expect, test } from '../../fixtures';
import { order } from '../../fixtures/orders';

test.beforeEach(({ faults }) => faults.allowLostConnections());

test('row 4: the same order sent ten times is one ticket', async ({ board, server, network }) => {
    await board.open();
    const body = JSON.stringify(order({ source: { channel: 'web', external_id: 'W-1' } }));
    const send = async (key: string) => {
        const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
        const answer = await fetch(new URL('/api/orders', server.url), { method: 'POST', headers, body });
        return answer.status;
    };
    // Some at once, by one key and by the number that the channel gave it.
    const answers = await Promise.all(['a', 'a', 'a', 'a', 'b'].map(send));
    for (const key of ['a', 'a', 'b', 'c', 'd']) answers.push(await send(key));
    // While one is being worked on, another with its key is told so.
    expect(answers.filter((status) => ![200, 201, 409].includes(status))).toEqual([]);

    const open = await server.open();
    expect(open).toHaveLength(1);
    await board.holdsExactly(open);
    // What is replayed after a break does not bring it twice.
    await network.cut();
    await network.restore();
    const other = await server.place(order());
    await board.holdsExactly([...open, other]);
});
