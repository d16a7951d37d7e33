import { appendFileSync } from 'node:fs';

import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';

/** How much is said of one failure: what was awaited, and what there was. */
const LINES = 12;
// What a terminal shows in colour is hard to read in a file.
const COLOURS = /\u001b\[[0-9;]*m/g;

/** Adds what failed, in short, to the file that `FAILURES` names. */
export default class Failures implements Reporter {
    onTestEnd(test: TestCase, result: TestResult): void {
        const file = process.env.FAILURES;
        if (!file || result.status === test.expectedStatus || result.status === 'skipped') return;
        const { file: spec, line } = test.location;
        const said = result.errors.flatMap(({ message, location }) => [
            ...(message ?? 'no message').replace(COLOURS, '').split('\n').slice(0, LINES),
            location ? `at ${location.file}:${location.line}` : 'nowhere',
        ]);
        const lines = [`browser: ${test.title} (${spec}:${line}), ${result.status}`, ...said.map((it) => `    ${it}`)];
        appendFileSync(file, `${lines.join('\n')}\n`);
    }

    printsToStdio(): boolean {
        return false;
    }
}
