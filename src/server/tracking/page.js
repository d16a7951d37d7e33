(() => {
    const find = (id) => document.getElementById(id);
    const { body } = document;
    const said = body.dataset;
    const path = location.pathname.replace(/\/+$/, '');
    const patience = 2 * said.beat + 3000;
    let heard = Date.now();
    let failed = 0;
    let asked = 0;
    let source;

    const tell = (live) => {
        const text = live ? said.live : navigator.onLine ? said.lost : said.offline;
        body.className = live ? '' : 'off';
        find('live').textContent = text.replace('{}', said.at);
    };
    const take = (state) => {
        heard = Date.now();
        failed = 0;
        said.at = state.at;
        if (state.view && state.id !== said.id) {
            said.id = state.id;
            said.tone = state.tone;
            // What somebody types stays, whatever happens around it.
            const typed = find('note');
            const typing = typed && document.activeElement === typed;
            find('view').innerHTML = state.view;
            const note = find('note');
            if (typed && note) note.value = typed.value;
            if (typing) note?.focus();
            find('icon').href = state.icon;
            if (document.title !== state.title) find('said').textContent = document.title = state.title;
        }
        tell(true);
    };
    const fail = () => {
        failed ||= Date.now();
    };
    const over = () => location.reload();
    const poll = () =>
        fetch(`${path}/state`, { cache: 'no-store' }).then(async (answer) => {
            if (answer.ok) take(await answer.json());
            else if (answer.status === 404 || answer.status === 410) over();
            else fail();
        }, fail);
    const follow = () => {
        source?.close();
        source = new EventSource(`${path}/events`);
        for (const name of ['state', 'beat']) source.addEventListener(name, ({ data }) => take(JSON.parse(data)));
        source.addEventListener('over', over);
        source.onerror = fail;
    };
    const again = () => {
        asked = Date.now();
        poll();
        follow();
    };
    const look = () => {
        const now = Date.now();
        const silent = now - heard > patience;
        if (silent || !navigator.onLine || (failed && now - failed > 4000)) tell(false);
        if ((silent || source.readyState === 2) && now - asked > 15000) again();
    };

    follow();
    setInterval(look, 1000);
    addEventListener('offline', look);
    addEventListener('online', again);
    document.addEventListener('visibilitychange', () => document.hidden || look());
})();
