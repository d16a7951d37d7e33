// What the API's reference does where scripts run: it filters by what is typed, copies
// examples, and has them name this server.

const find = document.getElementById('find');
const found = document.getElementById('found');
const all = [...document.querySelectorAll('[data-find]')].map((element) => ({
    element,
    text: element.textContent.toLowerCase(),
    link: element.id && document.querySelector(`.contents a[href="#${element.id}"]`)?.closest('li'),
}));
const groups = [...document.querySelectorAll('[data-group], [data-links]')];

function filter() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { element, text, link } of all) {
        const fits = words.every((word) => text.includes(word));
        element.hidden = !fits;
        if (link) link.hidden = !fits;
        if (fits && element.matches('.operation')) count += 1;
    }
    for (const group of groups) {
        const parts = group.querySelectorAll('[data-find], li');
        group.hidden = words.length > 0 && [...parts].every((part) => part.hidden);
    }
    document.querySelector('.about').hidden = words.length > 0;
    found.textContent = words.length === 0 ? '' : `${count} operation${count === 1 ? '' : 's'}`;
}

find.parentElement.hidden = false;
find.addEventListener('input', filter);
document.addEventListener('keydown', (event) => {
    if (event.target.closest?.('input, textarea') && event.key !== 'Escape') return;
    if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        find.focus();
    } else if (event.key === 'Escape' && event.target === find) {
        find.value = '';
        filter();
    }
});

for (const origin of document.querySelectorAll('[data-origin]')) origin.textContent = location.origin;

// Only a page of a trusted origin may write to the clipboard by itself; elsewhere the text
// is selected, and the browser copies what is selected.
async function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text.textContent);
    const range = document.createRange();
    range.selectNodeContents(text);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    if (!document.execCommand('copy')) throw new Error('refused');
}

for (const example of document.querySelectorAll('[data-copy]')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button copy';
    button.textContent = 'Copy';
    button.addEventListener('click', async () => {
        try {
            await copy(example.querySelector('code'));
            button.textContent = 'Copied';
        } catch {
            button.textContent = 'Select and copy';
        }
    });
    button.addEventListener('blur', () => {
        button.textContent = 'Copy';
    });
    example.append(button);
}

// On a narrow page the contents would come before everything else.
const contents = document.querySelector('.contents details');
if (matchMedia('(max-width: 60rem)').matches) contents.open = false;
