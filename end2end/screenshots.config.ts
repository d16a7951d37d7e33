/** `scripts/screenshots`: the same browser and fixtures, taking pictures instead of testing. */

import base from './playwright.config';

export default { ...base, workers: 1, projects: [{ name: 'pictures', testDir: 'pictures' }] };
