//! Who is let in, and how far.
//!
//! Nothing is open but where everybody is let in on purpose (a demo). Every route
//! is a row of one table ([`routes`]) that says what it needs; the guard before it
//! finds out who a request comes from ([`principal`]), refuses what they may not
//! do, and puts a wall around what they may see. People log in ([`site`]), screens
//! are paired ([`pairing`]), programs have keys. All of them stand in the
//! [`register`], and here in memory, so that nobody who is known waits for the disk to
//! be let in; what another process changes there is noticed within a second, and looked
//! for at once when somebody comes with a key that is not known.

use std::{
    collections::HashMap,
    net::IpAddr,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::{Extensions, HeaderMap, header};
use rusqlite::Transaction;
use tokio_util::sync::CancellationToken;

use self::{
    cookies::Cookie,
    flash::Flashes,
    limits::Limits,
    pairing::Pairing,
    passwords::Passwords,
    principal::{Principal, Who},
    register::{By, Key, Paired, Register, ScreenId, Session, Used, User},
    roles::Rights,
    secret::{Digest, Secret},
    setup::Setup,
    throttle::Throttle,
};
use super::{
    clock::Clock,
    error::Problem,
    hub::Hub,
    store::Unavailable,
    stream::{Pass, Peer, Secured},
};
use crate::{domain::UnixMillis, wire::Wall};

pub mod command;
pub mod cookies;
pub(super) mod csrf;
pub(super) mod flash;
pub mod limits;
pub mod pairing;
pub mod passwords;
pub mod principal;
pub mod register;
pub mod roles;
pub mod routes;
pub mod secret;
pub mod setup;
pub(super) mod site;
pub mod throttle;

/// How often it is looked for what other processes have changed, and for what
/// is over.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often it is noted on the disk who was last there.
const NOTE_EVERY_MILLIS: i64 = 60_000;

/// What the configuration says of who is let in.
#[derive(Clone, Copy, Debug)]
pub struct AccessSettings {
    /// After how many milliseconds without a request a session ends.
    pub idle_millis: i64,
    /// After how many milliseconds it ends in any case.
    pub session_millis: i64,
    /// Writes a minute for each key.
    pub writes_per_minute: u32,
}

/// Whether anybody is asked who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doors {
    /// Everybody is let in.
    Open,
    /// Only those who belong.
    Closed,
}

/// Who is let in.
pub struct Access {
    doors: Doors,
    settings: AccessSettings,
    register: Arc<Register>,
    known: RwLock<Arc<Known>>,
    /// Which version of the register was last looked at.
    version: Mutex<Option<i64>>,
    /// When a look for somebody who waits for it last began. One looks at a time.
    looked_at: Arc<tokio::sync::Mutex<Option<Instant>>>,
    /// What ends the streams of whoever is let in no longer.
    passes: Mutex<HashMap<Digest, (Rights, Wall, Pass)>>,
    hub: Arc<Hub>,
    clock: Clock,
    /// Checks passwords.
    pub passwords: Passwords,
    /// Slows down those who guess.
    pub throttle: Throttle,
    /// The link for the first manager.
    pub setup: Setup,
    /// The devices that wait.
    pub pairing: Pairing,
    /// How much keys may write.
    pub limits: Limits,
    /// What somebody is to be told on the next page.
    pub(super) flashes: Flashes,
}

/// What stands in the register, as it was last read.
#[derive(Default)]
struct Known {
    users: HashMap<register::UserId, User>,
    sessions: HashMap<Digest, (Session, Fresh)>,
    screens: HashMap<Digest, (Paired, Fresh)>,
    keys: HashMap<Digest, (Key, Fresh)>,
    /// Screens that another process has let in, by the code of the device that
    /// is to have their token, and when.
    approved: HashMap<String, (ScreenId, UnixMillis)>,
}

/// When something was last used; newer than what the register says.
type Fresh = Arc<AtomicI64>;

impl Known {
    fn read(of: &rusqlite::Connection, before: &Self) -> rusqlite::Result<Self> {
        fn fresh<T>(map: &HashMap<Digest, (T, Fresh)>, token: Digest, noted: i64) -> Fresh {
            let fresh = map.get(&token).map(|known| Arc::clone(&known.1)).unwrap_or_default();
            fresh.fetch_max(noted, Ordering::Relaxed);
            fresh
        }
        let users = register::users(of)?.into_iter().map(|user| (user.id, user)).collect();
        let sessions = register::sessions(of)?.into_iter().map(|session| {
            let fresh = fresh(&before.sessions, session.token, session.used_at.0);
            (session.token, (session, fresh))
        });
        let paired = register::paired(of)?;
        let approved = paired
            .iter()
            .filter(|screen| screen.token.is_none())
            .filter_map(|it| Some((pairing::plain(it.code.as_deref()?), (it.id, it.created_at))));
        let approved = approved.collect();
        let screens = paired.into_iter().filter_map(|screen| {
            let token = screen.token?;
            let fresh = fresh(&before.screens, token, screen.used_at.0);
            Some((token, (screen, fresh)))
        });
        let keys = register::keys(of)?.into_iter().filter(|key| key.revoked_at.is_none());
        let keys = keys.map(|key| {
            let noted = key.used_at.map_or(0, |at| at.0);
            let fresh = fresh(&before.keys, key.token, noted);
            (key.token, (key, fresh))
        });
        Ok(Self {
            users,
            sessions: sessions.collect(),
            screens: screens.collect(),
            keys: keys.collect(),
            approved,
        })
    }

    fn session(
        &self,
        token: Digest,
        now: UnixMillis,
        settings: &AccessSettings,
    ) -> Option<(Principal, &Fresh)> {
        let (session, fresh) = self.sessions.get(&token)?;
        let user = self.users.get(&session.user).filter(|user| !user.disabled)?;
        let idle = now.0.saturating_sub(fresh.load(Ordering::Relaxed));
        if idle >= settings.idle_millis || now.since(session.created_at) >= settings.session_millis
        {
            return None;
        }
        let who = Who::User { id: user.id, name: user.name.clone(), role: user.role };
        Some((Principal::with_role(who, user.role, user.locations.clone(), token), fresh))
    }

    fn screen(&self, token: Digest) -> Option<(Principal, &Fresh)> {
        let (screen, fresh) = self.screens.get(&token)?;
        let who = Who::Screen { id: screen.id, name: screen.name.clone(), role: screen.role };
        Some((Principal::with_role(who, screen.role, screen.locations.clone(), token), fresh))
    }

    fn key(&self, token: Digest) -> Option<(Principal, &Fresh)> {
        let (key, fresh) = self.keys.get(&token)?;
        let rights = key.scopes.iter().fold(Rights::NONE, |all, scope| all.and(scope.rights()));
        let wall = Wall { locations: key.locations.clone(), channel: key.channel.clone() };
        let who = Who::Key { id: key.id, name: key.name.clone() };
        Some((Principal::with_key(who, rights, wall, token), fresh))
    }

    fn any(
        &self,
        token: Digest,
        now: UnixMillis,
        settings: &AccessSettings,
    ) -> Option<(Principal, &Fresh)> {
        let session = self.session(token, now, settings);
        session.or_else(|| self.screen(token)).or_else(|| self.key(token))
    }
}

impl Access {
    /// Lets in those who stand in the register of `folder`.
    ///
    /// # Errors
    /// One line: it cannot be read or written.
    pub fn open(
        folder: &Path,
        hub: Arc<Hub>,
        clock: Clock,
        settings: AccessSettings,
    ) -> anyhow::Result<Arc<Self>> {
        Self::new(Doors::Closed, Register::open(folder)?, hub, clock, settings)
    }

    /// Lets everybody in, and keeps nothing.
    ///
    /// # Errors
    /// There is no memory.
    pub fn of_everybody(
        hub: Arc<Hub>,
        clock: Clock,
        settings: AccessSettings,
    ) -> anyhow::Result<Arc<Self>> {
        Self::new(Doors::Open, Register::in_memory()?, hub, clock, settings)
    }

    fn new(
        doors: Doors,
        register: Register,
        hub: Arc<Hub>,
        clock: Clock,
        settings: AccessSettings,
    ) -> anyhow::Result<Arc<Self>> {
        let known = register.look(|of| Known::read(of, &Known::default()))?;
        Ok(Arc::new(Self {
            doors,
            settings,
            register: Arc::new(register),
            known: RwLock::new(Arc::new(known)),
            version: Mutex::default(),
            looked_at: Arc::default(),
            passes: Mutex::default(),
            hub,
            clock,
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            setup: Setup::default(),
            pairing: Pairing::default(),
            limits: Limits::new(settings.writes_per_minute),
            flashes: Flashes::default(),
        }))
    }

    /// Whether anybody is asked who they are.
    #[must_use]
    pub fn doors(&self) -> Doors {
        self.doors
    }

    /// How long a browser keeps a session.
    #[must_use]
    pub fn session_seconds(&self) -> i64 {
        self.settings.session_millis / 1000
    }

    /// Whether there is a manager who can let others in.
    #[must_use]
    pub fn has_manager(&self) -> bool {
        let known = self.known();
        known.users.values().any(User::runs_the_place)
    }

    /// The link for the first manager, where there is none yet.
    #[must_use]
    pub fn begin_setup(&self) -> Option<Secret> {
        let needed = self.doors == Doors::Closed && !self.has_manager();
        needed.then(|| self.setup.begin(self.clock.now()))
    }

    /// The screen that another process has let in for the device which shows `code`.
    pub(super) fn approved(&self, code: &str) -> Option<ScreenId> {
        let known = self.known();
        let (screen, at) = known.approved.get(&pairing::plain(code))?;
        let good = self.clock.now().since(*at) < pairing::GOOD_FOR_MILLIS;
        good.then_some(*screen)
    }

    /// Whether the browser speaks over an encrypted connection.
    #[must_use]
    pub fn is_secured(&self, request: &Extensions) -> bool {
        request.get::<Secured>().is_some()
    }

    /// Who a request comes from.
    ///
    /// # Errors
    /// It brings a key that is none.
    pub fn who(&self, headers: &HeaderMap, request: &Extensions) -> Result<Principal, Problem> {
        let principal = self.principal(headers, request)?;
        Ok(Principal { address: address(request), ..principal })
    }

    fn principal(&self, headers: &HeaderMap, request: &Extensions) -> Result<Principal, Problem> {
        if self.doors == Doors::Open {
            return Ok(Principal::everybody());
        }
        let (known, now) = (self.known(), self.clock.now());
        let found = |found: Option<(Principal, &Fresh)>| {
            found.map(|(principal, fresh)| {
                fresh.fetch_max(now.0, Ordering::Relaxed);
                principal
            })
        };
        if bearer(headers).is_some() {
            let key = key(headers).and_then(|secret| known.key(secret.digest()));
            return found(key).ok_or(Problem::NotAuthenticated);
        }
        let secured = self.is_secured(request);
        let cookie = |cookie: Cookie| cookie.read(headers, secured).and_then(Secret::parse);
        let session = cookie(Cookie::Session)
            .and_then(|secret| known.session(secret.digest(), now, &self.settings));
        let of_screen = || {
            let secret = cookie(Cookie::Screen)?;
            known.screen(secret.digest())
        };
        Ok(found(session).or_else(|| found(of_screen())).unwrap_or_else(Principal::nobody))
    }

    /// What ends what `principal` opens, when they are let in no longer.
    pub(super) fn pass(&self, principal: &Principal) -> Option<Pass> {
        let credential = principal.credential?;
        let mut passes = self.passes();
        let entry = passes
            .entry(credential)
            .or_insert_with(|| (principal.rights, principal.wall.clone(), Pass::default()));
        if entry.0 != principal.rights || entry.1 != principal.wall {
            // What was opened with other rights ends.
            let fresh = (principal.rights, principal.wall.clone(), Pass::default());
            let (_, _, before) = std::mem::replace(entry, fresh);
            let fresh = entry.2.clone();
            drop(passes);
            before.revoke(&self.hub);
            return Some(fresh);
        }
        Some(entry.2.clone())
    }

    /// Changes the register with `work`. Durable when this returns, and from
    /// then on what everybody is let in by.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let this = Arc::clone(self);
        let changed = tokio::task::spawn_blocking(move || {
            let (done, read) = this.register.change_and(work, |of| this.take_in(of))?;
            read?;
            Ok::<_, rusqlite::Error>(done)
        });
        let done = match changed.await {
            Ok(Ok(done)) => done,
            // Its end may not have come to the disk, and be there after a start all the same.
            Ok(Err(error)) => return Err(Unavailable { unsure: true, ..unavailable(&error) }),
            Err(_) => return Err(Unavailable::unsure("it is being stopped")),
        };
        self.end_what_is_over();
        Ok(done)
    }

    /// Looks at the register.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn look<T: Send + 'static>(
        self: &Arc<Self>,
        look: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let this = Arc::clone(self);
        match tokio::task::spawn_blocking(move || this.register.look(look)).await {
            Ok(found) => found.map_err(|error| unavailable(&error)),
            Err(_) => Err(Unavailable::new("it is being stopped")),
        }
    }

    /// Who does something now.
    #[must_use]
    pub fn by(&self, principal: &Principal) -> By {
        let Principal { address, .. } = *principal;
        By { who: principal.name().to_owned(), at: self.clock.now(), address }
    }

    /// Adds to the list of who did what, for what is kept elsewhere. It is done
    /// already, so a list that cannot be written does not undo it.
    pub async fn note(self: &Arc<Self>, by: By, what: &'static str, subject: String) {
        let noted = self.change(move |to| by.note(to, what, &subject)).await;
        if let Err(error) = noted {
            tracing::error!(what, %error, "access.note.failed");
        }
    }

    /// Takes in what stands in the register now.
    fn take_in(&self, of: &rusqlite::Connection) -> rusqlite::Result<()> {
        let known = Known::read(of, &self.known())?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        if self.has_manager() {
            self.setup.end();
        }
        Ok(())
    }

    /// Notices until `shutdown` what other processes change and what is over.
    pub async fn watch(self: Arc<Self>, shutdown: CancellationToken) {
        // A register in memory is nobody else's, and nobody is let out.
        if self.doors == Doors::Open {
            return;
        }
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut noted_at = self.clock.now();
        loop {
            let stops = tokio::select! {
                _ = ticks.tick() => false,
                () = shutdown.cancelled() => true,
            };
            let note = stops || self.clock.now().since(noted_at) >= NOTE_EVERY_MILLIS;
            let this = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || {
                this.look_again()?;
                if note { this.note_use() } else { Ok(()) }
            });
            if let Ok(Err(error)) = looked.await {
                tracing::warn!(sqlite.code = ?error.sqlite_error_code(), "access.look.failed");
            }
            if note {
                noted_at = self.clock.now();
            }
            self.end_what_is_over();
            if stops {
                return;
            }
        }
    }

    /// Takes in what another process has changed by now. Whoever comes with a key that is
    /// not known, but could be one, may have been given it a moment ago. Many who come at
    /// once, with keys that they have made up, are worth one look.
    pub(super) async fn look_for_key(self: &Arc<Self>, headers: &HeaderMap) {
        if self.doors == Doors::Open || key(headers).is_none() {
            return;
        }
        let came = Instant::now();
        let mut looked_at = Arc::clone(&self.looked_at).lock_owned().await;
        if looked_at.is_some_and(|at| at > came) {
            return;
        }
        let this = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || {
            // It is held to the end of the look, whoever goes away meanwhile.
            *looked_at = Some(Instant::now());
            this.look_again()
        });
        if let Ok(Err(error)) = looked.await {
            tracing::warn!(sqlite.code = ?error.sqlite_error_code(), "access.look.failed");
        }
    }

    /// Reads what another process has changed since this was last done.
    fn look_again(&self) -> rusqlite::Result<()> {
        let mut read = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.register.version()?;
        if *read != Some(now) {
            self.register.look(|of| self.take_in(of))?;
            *read = Some(now);
        }
        Ok(())
    }

    /// Notes on the disk who was last there, and lets go of sessions that are over.
    fn note_use(&self) -> rusqlite::Result<()> {
        let (known, now) = (self.known(), self.clock.now());
        let mut used = Vec::new();
        let newer = |fresh: &Fresh, noted: i64| {
            let at = fresh.load(Ordering::Relaxed);
            (at > noted).then_some(UnixMillis(at))
        };
        for (token, (session, fresh)) in &known.sessions {
            used.extend(newer(fresh, session.used_at.0).map(|at| (Used::Session, *token, at)));
        }
        for (token, (screen, fresh)) in &known.screens {
            used.extend(newer(fresh, screen.used_at.0).map(|at| (Used::Screen, *token, at)));
        }
        for (token, (key, fresh)) in &known.keys {
            let noted = key.used_at.map_or(0, |at| at.0);
            used.extend(newer(fresh, noted).map(|at| (Used::Key, *token, at)));
        }
        let over = |session: &Session, fresh: &Fresh| {
            now.0.saturating_sub(fresh.load(Ordering::Relaxed)) >= self.settings.idle_millis
                || now.since(session.created_at) >= self.settings.session_millis
        };
        let any_over = known.sessions.values().any(|(session, fresh)| over(session, fresh));
        if used.is_empty() && !any_over {
            return Ok(());
        }
        let AccessSettings { idle_millis, session_millis, .. } = self.settings;
        let ((), read) = self.register.change_and(
            |to| {
                for (what, token, at) in &used {
                    register::note_use(to, *what, *token, *at)?;
                }
                let (idle, old) = (now.plus(-idle_millis), now.plus(-session_millis));
                register::end_old_sessions(to, idle, old).map(|_| ())
            },
            |of| self.take_in(of),
        )?;
        read
    }

    /// Ends the streams of those who are let in no longer, or otherwise than
    /// when they opened them. Whoever has one open is there.
    fn end_what_is_over(&self) {
        let (known, now) = (self.known(), self.clock.now());
        let mut over = Vec::new();
        self.passes().retain(|token, (rights, wall, pass)| {
            if !pass.is_held() {
                return false;
            }
            match known.any(*token, now, &self.settings) {
                Some((principal, fresh))
                    if principal.rights == *rights && principal.wall == *wall =>
                {
                    fresh.fetch_max(now.0, Ordering::Relaxed);
                    true
                }
                _ => {
                    over.push(pass.clone());
                    false
                }
            }
        });
        for pass in over {
            pass.revoke(&self.hub);
        }
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn passes(&self) -> MutexGuard<'_, HashMap<Digest, (Rights, Wall, Pass)>> {
        self.passes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key that a request brings, if it brings one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?;
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// The same, if it could be one of this server's.
fn key(headers: &HeaderMap) -> Option<Secret> {
    Secret::parse(bearer(headers)?.strip_prefix(register::KEY_PREFIX)?)
}

/// Who is at the other end of a request's connection.
pub(super) fn address(request: &Extensions) -> Option<IpAddr> {
    request.get::<Peer>().map(|peer| peer.0)
}

/// What went wrong inside is for the log.
fn unavailable(error: &rusqlite::Error) -> Unavailable {
    tracing::error!(sqlite.code = ?error.sqlite_error_code(), "access.register.failed");
    Unavailable::new("the register of users and keys cannot be used now")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use futures_util::FutureExt as _;

    use super::*;
    use crate::{
        domain::Location,
        server::{
            access::{register::NewUser, roles::Role},
            hub::HubSettings,
        },
        wire::{Epoch, Seq},
    };

    const HOUR: i64 = 3_600_000;

    struct House {
        access: Arc<Access>,
        clock: Clock,
        hub: Arc<Hub>,
    }

    impl House {
        fn new() -> Self {
            let clock = Clock::manual(UnixMillis(1_000_000_000_000));
            let hub = Hub::new(Epoch(1), Seq(0), HubSettings { ring_bytes: 1024 });
            let settings = AccessSettings {
                idle_millis: 12 * HOUR,
                session_millis: 30 * 24 * HOUR,
                writes_per_minute: 600,
            };
            let register = Register::in_memory().expect("memory");
            let access =
                Access::new(Doors::Closed, register, Arc::clone(&hub), clock.clone(), settings);
            Self { access: access.expect("a house"), clock, hub }
        }

        async fn enter(&self, name: &str, role: Role) -> HeaderMap {
            let by = By::here("tests", self.clock.now());
            let new =
                NewUser { name: name.to_owned(), role, locations: Vec::new(), password: None };
            let session = self.access.change(move |to| {
                register::make_user(to, &new, &by)?;
                let user = register::user_called(to, &new.name)?.expect("a new one");
                register::begin_session(to, &user, by.at)
            });
            let token = session.await.expect("a register").expect("a session").reveal();
            let cookie = format!("live-orders-session={token}");
            let cookie = HeaderValue::try_from(cookie).expect("a header");
            [(header::COOKIE, cookie)].into_iter().collect()
        }

        fn who(&self, headers: &HeaderMap) -> Who {
            self.access.who(headers, &Extensions::new()).expect("no key").who
        }

        fn pass(&self, millis: i64) {
            self.clock.set(self.clock.now().plus(millis));
        }
    }

    #[tokio::test]
    async fn many_keys_that_are_not_known_are_worth_one_look() {
        let house = House::new();
        let access = &house.access;
        let with = |bearer: String| {
            let value = HeaderValue::try_from(format!("Bearer {bearer}")).expect("a header");
            HeaderMap::from_iter([(header::AUTHORIZATION, value)])
        };
        let has_looked = || access.version.lock().expect("no panic").take().is_some();
        has_looked();
        let key = with(format!("{}{}", register::KEY_PREFIX, Secret::random().reveal()));
        let mut look = Arc::clone(&access.looked_at).lock_owned().await;
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(access.look_for_key(&key))).collect();
        for waits in &mut waiting {
            assert!(waits.now_or_never().is_none(), "somebody looks");
        }
        *look = Some(Instant::now());
        drop(look);
        futures_util::future::join_all(waiting).await;
        assert!(!has_looked(), "all have been told");
        access.look_for_key(&key).await;
        assert!(has_looked(), "whoever comes later");
        access.look_for_key(&with("no key".to_owned())).await;
        assert!(!has_looked());
    }

    #[tokio::test]
    async fn a_session_ends_when_nobody_uses_it_and_at_last_in_any_case() {
        let house = House::new();
        let (mo, ana) = (house.enter("Mo", Role::Cook).await, house.enter("Ana", Role::Cook).await);
        house.pass(11 * HOUR);
        assert!(matches!(house.who(&mo), Who::User { .. }));
        house.pass(HOUR);
        assert!(matches!(house.who(&mo), Who::User { .. }), "an hour ago");
        assert_eq!(house.who(&ana), Who::Nobody, "twelve hours ago");
        // What is noted on the disk is what is known.
        house.access.note_use().expect("noted");
        house.access.register.look(|of| house.access.take_in(of)).expect("read");
        assert!(matches!(house.who(&mo), Who::User { .. }));
        assert_eq!(house.access.known().sessions.len(), 1);
        for _ in 0..80 {
            house.pass(9 * HOUR);
            house.who(&mo);
        }
        assert_eq!(house.who(&mo), Who::Nobody, "thirty days");
    }

    #[tokio::test]
    async fn whoever_has_something_open_is_there_until_they_are_let_in_no_longer() {
        let house = House::new();
        let mo = house.enter("Mo", Role::Cook).await;
        let principal = house.access.who(&mo, &Extensions::new()).expect("no key");
        let pass = house.access.pass(&principal).expect("a pass");
        for _ in 0..30 {
            house.pass(HOUR);
            house.access.end_what_is_over();
        }
        assert!(matches!(house.who(&mo), Who::User { .. }));
        assert!(house.access.passes().contains_key(&principal.credential.expect("a session")));
        let Who::User { id, .. } = principal.who else { panic!("a user") };
        let by = By::here("tests", house.clock.now());
        let disabled = house.access.change(move |of| {
            let users = register::users(of)?;
            let user = users.iter().find(|user| user.id == id).expect("Mo");
            register::set_disabled(of, user, true, &by)
        });
        disabled.await.expect("written");
        assert_eq!(house.who(&mo), Who::Nobody);
        assert!(pass.is_revoked());
        assert!(house.access.passes().is_empty());
        drop(house.hub);
    }

    #[tokio::test]
    async fn another_role_ends_what_was_opened_with_the_one_before() {
        let house = House::new();
        let mo = house.enter("Mo", Role::Expo).await;
        let principal = house.access.who(&mo, &Extensions::new()).expect("no key");
        let pass = house.access.pass(&principal).expect("a pass");
        let by = By::here("tests", house.clock.now());
        let changed = house.access.change(move |of| {
            let user = register::user_called(of, "mo")?.expect("Mo");
            register::set_role(of, &user, Role::Viewer, &[], &by)
        });
        changed.await.expect("written");
        assert!(pass.is_revoked());
        let principal = house.access.who(&mo, &Extensions::new()).expect("no key");
        assert!(!principal.rights.has(roles::Right::Work));
        assert!(!house.access.pass(&principal).expect("a new one").is_revoked());
    }

    #[tokio::test]
    async fn who_is_the_last_to_let_others_in_is_known_when_it_is_written() {
        let house = House::new();
        let by = By::here("tests", house.clock.now());
        for (name, role) in [("Ana", Role::Manager), ("Bo", Role::Manager), ("Mo", Role::Cook)] {
            house.enter(name, role).await;
        }
        let last = house.access.change(move |of| {
            let called = |name| {
                let found = register::user_called(of, name);
                found.map(|user| user.expect("somebody"))
            };
            let last = |name| register::is_last_manager(of, called(name)?.id);
            let mut said = vec![last("ana")?, last("bo")?];
            // What the transaction has done itself counts.
            register::set_disabled(of, &called("bo")?, true, &by)?;
            said.extend([last("ana")?, last("bo")?, last("mo")?]);
            let here = [Location::parse("here").expect("a label")];
            register::set_role(of, &called("ana")?, Role::Manager, &here, &by)?;
            said.push(last("ana")?);
            Ok(said)
        });
        assert_eq!(last.await.expect("written"), [false, false, true, false, false, false]);
    }

    #[tokio::test]
    async fn the_link_for_the_first_manager_ends_with_the_first_manager() {
        let house = House::new();
        let now = house.clock.now();
        let link = house.access.begin_setup();
        assert!(house.access.setup.is_good(link, now));
        house.enter("Mo", Role::Cook).await;
        assert!(house.access.setup.is_good(link, now), "a cook lets nobody in");
        house.enter("Ana", Role::Manager).await;
        assert!(!house.access.setup.is_good(link, now));
        assert!(house.access.begin_setup().is_none());
    }
}
