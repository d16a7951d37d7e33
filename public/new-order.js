// What the page for a new order does where scripts run: Enter makes a line without a
// round to the server, names are suggested behind a number and behind a comma, and the
// ticket is shown as it would stand in the kitchen. What a line means is read by the
// server alone.

const form = document.getElementById('order');
const line = document.getElementById('line');
const lines = document.getElementById('lines');
const preview = document.getElementById('preview');
const said = document.getElementById('said');
const place = form.querySelector('[value="place"]');
const row = document.getElementById('row').content.firstElementChild;

// Suggestions. A browser compares them with all that is typed, so what stands before
// the name is put before each of them.
const values = (id) => [...document.getElementById(id).children].map((option) => option.value);
const offered = document.getElementById('names');
const names = values('names');
const differences = values('differences');
const MOST = 12;
let before = '';

function suggest() {
    const comma = line.value.lastIndexOf(',');
    const begin =
        comma < 0 ? (/^\s*\d+\s*(?:[x×*]\s*|\s)/i.exec(line.value)?.[0] ?? '') : line.value.slice(0, comma + 1) + ' ';
    const rest = line.value.slice(begin.length).trim().toLowerCase();
    const fits = (comma < 0 ? names : differences).filter((name) => name.toLowerCase().includes(rest)).slice(0, MOST);
    const key = [begin, ...fits].join('\n');
    if (key === before) return;
    before = key;
    offered.replaceChildren(
        ...fits.map((name) => Object.assign(document.createElement('option'), { value: begin + name })),
    );
}

// The preview: only the last answer counts.
let timer;
let turn = 0;

async function show() {
    const mine = ++turn;
    try {
        const answer = await fetch('/orders/new/preview', { method: 'POST', body: new URLSearchParams(new FormData(form)) });
        const html = await answer.text();
        if (answer.ok && mine === turn) preview.innerHTML = html;
        preview.classList.toggle('is-old', !answer.ok);
    } catch {
        preview.classList.add('is-old');
    }
}

function later() {
    clearTimeout(timer);
    timer = setTimeout(show, 150);
}

// Each line says its place, to the server and to who hears it.
function number() {
    [...lines.children].forEach((item, at) => {
        const [text, drop] = item.children;
        text.ariaLabel = `Line ${at + 1}`;
        drop.ariaLabel = `Take off line ${at + 1}`;
        drop.value = String(at);
    });
}

function add() {
    const text = line.value.trim();
    if (!text) return;
    const item = row.cloneNode(true);
    item.firstElementChild.value = text;
    lines.append(item);
    number();
    line.value = '';
    said.textContent = `Added: ${text}`;
    suggest();
    later();
}

function drop(item) {
    const text = item.firstElementChild.value;
    item.remove();
    number();
    said.textContent = `Taken off: ${text}`;
    line.focus();
    later();
}

form.addEventListener('keydown', (event) => {
    const { target } = event;
    if (event.isComposing) return;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        if (!event.repeat) form.requestSubmit(place);
    } else if (event.key === 'Enter' && target.matches('input')) {
        // Enter alone never sends an order.
        event.preventDefault();
        if (target === line) add();
        else if (lines.contains(target)) line.focus();
    } else if (event.key === 'ArrowUp' && lines.contains(target)) {
        event.preventDefault();
        target.closest('li').previousElementSibling?.firstElementChild.focus();
    } else if (event.key === 'ArrowDown' && lines.contains(target)) {
        event.preventDefault();
        (target.closest('li').nextElementSibling?.firstElementChild ?? line).focus();
    }
});

form.addEventListener('input', (event) => {
    if (event.target === line) suggest();
    later();
});

form.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (button?.name === 'drop') {
        event.preventDefault();
        drop(button.closest('li'));
    } else if (button?.value === 'add') {
        event.preventDefault();
        add();
        line.focus();
    }
});

// One press, one order; the server sees to it too. A form that is sent to no server is
// lost with all that was typed, so it is asked first whether there is one.
const away = document.getElementById('away');
let step = 'typing';

form.addEventListener('submit', async (event) => {
    if (step === 'sure') {
        step = 'sent';
        return;
    }
    event.preventDefault();
    if (step !== 'typing') return;
    step = 'asking';
    away.textContent = '';
    place.setAttribute('aria-disabled', 'true');
    const asked = fetch('/health/live', { cache: 'no-store', signal: AbortSignal.timeout(4000) });
    if (await asked.then(({ ok }) => ok, () => false)) {
        step = 'sure';
        form.requestSubmit(place);
    } else {
        again();
        away.textContent = 'Not placed: the server does not answer. What you typed is still here.';
    }
});

function again() {
    step = 'typing';
    place.removeAttribute('aria-disabled');
}

addEventListener('pageshow', again);

form.querySelector('.chord').hidden = false;
form.querySelector('[aria-invalid]')?.focus();
suggest();
