// What a screen does besides showing orders: it makes sounds, stays awake and
// fills the device. Loaded when somebody starts the screen. It is told what to
// do by an event of the page, and says how it stands on the root element.

// Each tone: when it begins and how long it lasts, in seconds; its pitch in
// hertz; how loud it is.
const TUNES = {
    new: [[0, 0.16, 660, 1], [0.15, 0.3, 880, 1]],
    changed: [[0, 0.3, 740, 1]],
    cancelled: [[0, 0.18, 784, 1], [0.17, 0.18, 622, 1], [0.34, 0.4, 466, 1]],
    ready: [[0, 0.6, 587, 0.45]],
    late: [[0, 0.2, 233, 1], [0.26, 0.3, 233, 1]],
    offline: [[0, 0.9, 165, 1]],
    answer: [[0, 0.12, 988, 1], [0.14, 0.12, 784, 1], [0.28, 0.12, 988, 1], [0.42, 0.2, 784, 1]],
    unseen: [[0, 0.25, 440, 1], [0.25, 0.25, 330, 1], [0.5, 0.25, 440, 1], [0.75, 0.35, 330, 1]],
};

const root = document.documentElement;
let context;
let lock;
let wanted = false;

function tell() {
    root.dataset.sound = context?.state === 'running' ? 'on' : 'blocked';
    root.dataset.awake = lock && !lock.released ? 'yes' : 'no';
    dispatchEvent(new Event('live-orders:screen-is'));
}

// A browser lets a page sound once somebody has touched it. One that does so at once
// needs a moment all the same, after which `then` is heard.
function unlock(then) {
    try {
        context ??= new AudioContext();
        context.onstatechange = tell;
        const asked = performance.now();
        const resumed = () => {
            tell();
            // Whoever taps much later does not want to hear what was then.
            if (then && context?.state === 'running' && performance.now() - asked < 2000) then();
        };
        if (context.state !== 'running') context.resume().then(resumed, tell);
    } catch {
        context = undefined;
    }
    tell();
}

async function stayAwake() {
    if (!wanted || document.hidden || (lock && !lock.released)) return;
    try {
        lock = await navigator.wakeLock.request('screen');
        lock.addEventListener('release', tell);
    } catch {
        // Not on a page without TLS, and not when the battery is low.
        lock = undefined;
    }
    tell();
}

function play(tune, volume) {
    if (context?.state !== 'running') return unlock(() => play(tune, volume));
    const now = context.currentTime + 0.02;
    for (const [begin, length, pitch, loudness] of TUNES[tune] ?? []) {
        const tone = context.createOscillator();
        const gain = context.createGain();
        // Rounder than a square, and heard over a hood where a sine is not.
        tone.type = 'triangle';
        tone.frequency.value = pitch;
        // Neither begins nor ends with a click.
        gain.gain.setValueAtTime(0.0001, now + begin);
        gain.gain.exponentialRampToValueAtTime(Math.max(0.0002, loudness * volume), now + begin + 0.015);
        gain.gain.exponentialRampToValueAtTime(0.0001, now + begin + length);
        tone.connect(gain).connect(context.destination);
        tone.start(now + begin);
        tone.stop(now + begin + length + 0.02);
    }
}

function begin() {
    if (wanted) return;
    wanted = true;
    document.addEventListener('visibilitychange', stayAwake);
    for (const touch of ['pointerdown', 'keydown']) {
        addEventListener(touch, () => context?.state === 'running' || unlock(), true);
    }
}

/** What the page asks for: `start`, `again` after a reload, or `play new 70`. */
export default function screen(command) {
    const [what, tune, volume] = command.split(' ');
    if (what === 'play') return play(tune, (volume / 100) ** 2);
    begin();
    unlock();
    stayAwake();
    if (what === 'start' && !document.fullscreenElement) root.requestFullscreen?.().catch(() => {});
}
