/**
 * The picture of the README, from the demo. The same seed gives the same
 * evening but not the same second of it, so it is taken by hand and
 * compared with nothing.
 */

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { expect, test } from '../fixtures';
import { withPalette } from './palette';

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url));

test.use({ serverOptions: { command: 'demo', args: ['--seed', '7'] } });

const PICTURES = [
    { name: 'board-dark', colorScheme: 'dark', viewport: { width: 1600, height: 900 }, deviceScaleFactor: 1 },
] as const;

for (const { name, ...screen } of PICTURES) {
    test.describe(() => {
        test.use(screen);

        test(name, async ({ board }) => {
            await board.open();
            await expect(board.tickets).not.toHaveCount(0);
            await writeFile(`${FOLDER}${name}.png`, withPalette(await board.page.screenshot()));
        });
    });
}
