import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

import { defineConfig } from '@playwright/test';

/** The browser is the system's: `CHROMIUM`, or whatever the set-up finds. */
function chromium(): string {
    const finder = fileURLToPath(new URL('../scripts/find-chromium', import.meta.url));
    return process.env.CHROMIUM ?? execFileSync(finder).toString().trim();
}

// Chromium will not keep its sandbox for root.
const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

export default defineConfig({
    fullyParallel: true,
    forbidOnly: !!process.env.CI,
    // A test that passes the second time has found something the first time.
    retries: 0,
    // Tests wait for most of their time: with three on two cores they take a fifth less.
    workers: Math.max(2, Math.min(5, cpus().length + 1)),
    timeout: 60_000,
    expect: { timeout: 10_000 },
    reporter: [['list'], ['html', { open: 'never' }], ['./failures.ts']],
    use: {
        viewport: { width: 1600, height: 900 },
        colorScheme: 'dark',
        locale: 'en-GB',
        timezoneId: 'UTC',
        // It would hide requests from tests that answer them; whoever tests it allows it.
        serviceWorkers: 'block',
        // A trace costs every test a fifth of its time: `--trace retain-on-failure` makes one.
        screenshot: 'only-on-failure',
        launchOptions: {
            executablePath: chromium(),
            // The tests talk to this machine only, and so does the browser.
            args: [
                ...sandbox,
                '--disable-background-networking',
                '--disable-component-update',
                '--disable-sync',
                '--no-first-run',
                '--disable-quic',
            ],
        },
    },
    projects: [
        { name: 'board', testDir: 'specs' },
        // Figures, by `make measure`: not a test, for they depend on the machine.
        {
            name: 'measure',
            testDir: 'measure',
            fullyParallel: false,
            timeout: 180_000,
            use: { screenshot: 'off' },
        },
    ],
});
