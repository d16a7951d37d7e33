//! Users and keys from the command line, also while the server runs: it notices
//! by itself. What is made is printed on standard output, and nothing else is,
//! so that a script can take it from there.

use std::{
    io::{BufRead as _, Write as _},
    path::Path,
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::{
    pairing, passwords,
    register::{self, By, KEY_PREFIX, KeyId, NewKey, NewPaired, NewUser, Register, ScreenId, User},
    roles::{Role, Scope},
    secret::Secret,
    site,
};
use crate::{
    domain::{Channel, Location, ScreenName, UnixMillis},
    server::{
        clock::Clock,
        files::{self, Depth},
        folder,
        store::sqlite,
    },
};

/// Who stands in the list of who did what for what is done by commands.
pub(in crate::server) const COMMAND_LINE: &str = "command line";

/// Something to be done with users, keys and screens.
#[derive(Clone, Debug)]
pub enum Command {
    /// With users.
    User(UserCommand),
    /// With keys.
    Key(KeyCommand),
    /// With paired screens.
    Screen(ScreenCommand),
}

impl Command {
    /// Whether it may be the first that is done with a folder.
    fn begins(&self) -> bool {
        matches!(
            self,
            Self::User(UserCommand::Create { .. }) | Self::Key(KeyCommand::Create { .. })
        )
    }
}

/// With users.
#[derive(Clone, Debug, Subcommand)]
pub enum UserCommand {
    /// Let somebody log in; prints a password unless one is given
    Create {
        /// What they log in as
        name: String,
        /// viewer, cook, expo or manager
        #[arg(long, default_value = "cook", value_parser = role)]
        role: Role,
        /// A location that they are bound to; may be given again [default: all]
        #[arg(long = "location", value_parser = location)]
        locations: Vec<Location>,
        /// Where the password comes from
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Print every user
    List,
    /// Let somebody in as something else, or bound to other locations
    Role {
        /// Who
        name: String,
        /// viewer, cook, expo or manager
        #[arg(value_parser = role)]
        role: Role,
        /// A location that they are bound to; may be given again [default: all]
        #[arg(long = "location", value_parser = location)]
        locations: Vec<Location>,
    },
    /// Let somebody in no longer: what they have open ends within two seconds
    Disable {
        /// Who
        name: String,
    },
    /// Let somebody in again
    Enable {
        /// Who
        name: String,
    },
    /// Set a password; prints one unless it is given. Whoever is logged in with the old one is out
    Password {
        /// Whose
        name: String,
        /// Where the password comes from
        #[command(flatten)]
        password: PasswordSource,
    },
}

/// Where a password comes from.
#[derive(Clone, Copy, Debug, Args)]
pub struct PasswordSource {
    /// Read the password from the first line of standard input
    #[arg(long = "password-stdin")]
    stdin: bool,
}

/// With keys.
#[derive(Clone, Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it, this once
    Create {
        /// The channel whose orders it is for [default: all]
        #[arg(long, value_parser = channel)]
        channel: Option<Channel>,
        /// What it is for: some of orders:write, orders:read, stream, screens and webhooks, parted by commas
        #[arg(long, required = true, value_delimiter = ',', value_parser = scope)]
        scopes: Vec<Scope>,
        /// A location that it is bound to; may be given again [default: all]
        #[arg(long = "location", value_parser = location)]
        locations: Vec<Location>,
        /// What it is called [default: the channel]
        #[arg(long)]
        name: Option<String>,
    },
    /// Print every key, but not the keys themselves
    List,
    /// Take a key back: what is open with it ends within two seconds
    Revoke {
        /// Its number in the list, or the key itself
        key: String,
    },
}

/// With paired screens.
#[derive(Clone, Debug, Subcommand)]
pub enum ScreenCommand {
    /// Let in the device that shows a code
    Approve {
        /// The code that it shows
        #[arg(value_parser = pairing::read_code)]
        code: String,
        /// The screen that it opens [default: the board with all orders]
        #[arg(long, value_parser = screen_name)]
        screen: Option<ScreenName>,
        /// viewer, cook or expo
        #[arg(long, default_value = "cook", value_parser = role_of_screen)]
        role: Role,
        /// A location that it is bound to; may be given again [default: all]
        #[arg(long = "location", value_parser = location)]
        locations: Vec<Location>,
        /// What it is called in the history of orders [default: the screen's name]
        #[arg(long)]
        name: Option<String>,
    },
    /// Print every paired screen
    List,
    /// Let a screen in no longer: it shows its code again
    Revoke {
        /// Its number in the list
        number: i64,
    },
}

fn role(raw: &str) -> Result<Role, String> {
    raw.parse().map_err(|rule| format!("it takes {rule}"))
}

fn role_of_screen(raw: &str) -> Result<Role, String> {
    match raw.parse() {
        Ok(Role::Manager) | Err(_) => Err("it takes viewer, cook or expo".to_owned()),
        Ok(role) => Ok(role),
    }
}

fn screen_name(raw: &str) -> Result<ScreenName, String> {
    ScreenName::parse(raw).map_err(|rule| format!("a screen's name is {rule}"))
}

fn scope(raw: &str) -> Result<Scope, String> {
    raw.parse().map_err(|rule| format!("it takes {rule}"))
}

fn location(raw: &str) -> Result<Location, String> {
    Location::parse(raw).map_err(|rule| format!("a location has {rule}"))
}

fn channel(raw: &str) -> Result<Channel, String> {
    Channel::parse(raw).map_err(|rule| format!("a channel has {rule}"))
}

/// Does what was asked for with the register in `folder`; what to print.
///
/// # Errors
/// One line: what is wrong and what to do.
pub fn run(data: &Path, command: Command) -> anyhow::Result<String> {
    // A folder with somebody else's files in it stays as it is.
    let store = files::look(sqlite::KIND, data, Depth::Header)?;
    let is_there = data.join(register::KIND.file).exists();
    if !is_there && !command.begins() {
        bail!("nobody is let in by {} yet: is it the server's --data?", data.display());
    }
    let register = Register::open(data)?;
    if !is_there && store.is_none() {
        folder::tell_that_new(data);
    }
    let by = By::here(COMMAND_LINE, Clock::system().now());
    match command {
        Command::User(command) => user(&register, command, &by),
        Command::Key(command) => key(&register, command, &by),
        Command::Screen(command) => screen(&register, command, &by),
    }
}

fn user(register: &Register, command: UserCommand, by: &By) -> anyhow::Result<String> {
    match command {
        UserCommand::Create { name, role, locations, password } => {
            let name = site::label(&name).map_err(anyhow::Error::msg)?;
            let (kept, told) = password.get(&name)?;
            let new = NewUser { name: name.clone(), role, locations, password: Some(kept) };
            let made = register.change(|to| register::make_user(to, &new, by))?;
            made.with_context(|| {
                format!("there is a user {name:?}; `live-orders user list` shows all")
            })?;
            Ok(told)
        }
        UserCommand::List => {
            let users = register.look(register::users)?;
            let line = |user: &User| {
                let state = match (user.disabled, &user.password) {
                    (true, _) => "disabled",
                    (false, None) => "no password",
                    (false, Some(_)) => "active",
                };
                format!("{}\t{}\t{}\t{state}\n", user.name, user.role, places(&user.locations))
            };
            Ok(users.iter().map(line).collect())
        }
        UserCommand::Role { name, role, locations } => {
            let user = called(register, &name)?;
            register.change(|of| register::set_role(of, &user, role, &locations, by))?;
            tell_without_manager(register)?;
            Ok(String::new())
        }
        UserCommand::Disable { name } => {
            let user = called(register, &name)?;
            register.change(|of| register::set_disabled(of, &user, true, by))?;
            tell_without_manager(register)?;
            Ok(String::new())
        }
        UserCommand::Enable { name } => {
            let user = called(register, &name)?;
            register.change(|of| register::set_disabled(of, &user, false, by))?;
            Ok(String::new())
        }
        UserCommand::Password { name, password } => {
            let user = called(register, &name)?;
            let (kept, told) = password.get(&name)?;
            register.change(|of| register::set_password(of, &user, &kept, None, by))?;
            Ok(told)
        }
    }
}

/// Tells whoever has taken the last manager away that nobody can let others in any more.
fn tell_without_manager(register: &Register) -> anyhow::Result<()> {
    let is_manager =
        |user: &User| user.role == Role::Manager && !user.disabled && user.password.is_some();
    if !register.look(register::users)?.iter().any(is_manager) {
        let _ = writeln!(
            std::io::stderr(),
            "live-orders: there is no manager any more; the next start prints a link that makes \
             one, or: live-orders user create NAME --role manager"
        );
    }
    Ok(())
}

fn called(register: &Register, name: &str) -> anyhow::Result<User> {
    let found = register.look(|of| register::user_called(of, name))?;
    found.with_context(|| format!("there is no user {name:?}; `live-orders user list` shows all"))
}

impl PasswordSource {
    /// What is kept of the password, and what is printed of it.
    fn get(self, name: &str) -> anyhow::Result<(String, String)> {
        let (password, told) = if self.stdin {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).context("cannot read the password")?;
            (line.trim_end_matches(['\r', '\n']).to_owned(), String::new())
        } else {
            // 128 bits of it are more than anybody guesses, and less to type.
            let password: String = Secret::random().reveal().chars().take(32).collect();
            let told = format!("{password}\n");
            (password, told)
        };
        if let Some(complaint) = passwords::complaint(&password, name) {
            bail!("{complaint}");
        }
        let kept = passwords::hash(&password).context("the password cannot be hashed")?;
        Ok((kept, told))
    }
}

fn key(register: &Register, command: KeyCommand, by: &By) -> anyhow::Result<String> {
    match command {
        KeyCommand::Create { channel, mut scopes, locations, name } => {
            scopes.sort_unstable();
            scopes.dedup();
            let name = match (name, &channel) {
                (Some(name), _) => site::label(&name).map_err(anyhow::Error::msg)?,
                (None, Some(channel)) => channel.to_string(),
                (None, None) => "key".to_owned(),
            };
            let new = NewKey { name, channel, scopes, locations };
            let (_, key) = register.change(|to| register::make_key(to, &new, by))?;
            Ok(format!("{key}\n"))
        }
        KeyCommand::List => {
            let keys = register.look(register::keys)?;
            let line = |key: &register::Key| {
                let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
                let state = match (key.revoked_at, key.used_at) {
                    (Some(_), _) => "revoked".to_owned(),
                    (None, Some(at)) => format!("used {}", moment(at)),
                    (None, None) => "never used".to_owned(),
                };
                let channel = key.channel.as_ref().map_or("all channels", Channel::as_str);
                format!(
                    "{}\t{}…\t{}\t{channel}\t{}\t{}\t{state}\n",
                    key.id.0,
                    key.begins,
                    key.name,
                    scopes.join(","),
                    places(&key.locations)
                )
            };
            Ok(keys.iter().map(line).collect())
        }
        KeyCommand::Revoke { key } => {
            let keys = register.look(register::keys)?;
            let own = key.strip_prefix(KEY_PREFIX).and_then(Secret::parse).map(|it| it.digest());
            let found = keys.iter().find(|it| match own {
                Some(digest) => it.token == digest,
                None => key.parse() == Ok(it.id.0),
            });
            let KeyId(id) = found
                .map(|it| it.id)
                .context("there is no such key; `live-orders key list` shows all")?;
            if !register.change(|of| register::revoke_key(of, KeyId(id), by))? {
                bail!("key {id} was taken back before");
            }
            Ok(String::new())
        }
    }
}

fn screen(register: &Register, command: ScreenCommand, by: &By) -> anyhow::Result<String> {
    match command {
        ScreenCommand::Approve { code, screen, role, locations, name } => {
            let name = match (name, &screen) {
                (Some(name), _) => site::label(&name).map_err(anyhow::Error::msg)?,
                (None, Some(screen)) => screen.to_string(),
                (None, None) => "board".to_owned(),
            };
            let paired = register.look(register::paired)?;
            let waits = paired.iter().filter(|it| it.token.is_none());
            let mut codes = waits.filter_map(|it| it.code.as_deref().map(pairing::plain));
            if codes.any(|other| other == code) {
                bail!("the screen with this code is let in already, and has not come in yet");
            }
            // Whether a device shows it is known to the server alone, which looks.
            let new = NewPaired { code: Some(code), screen, name, role, locations };
            register.change(|to| register::pair(to, &new, by))?;
            Ok(String::new())
        }
        ScreenCommand::List => {
            let screens = register.look(register::paired)?;
            let line = |it: &register::Paired| {
                let (name, role) = (&it.name, it.role);
                let (id, places) = (it.id.0, places(&it.locations));
                let state = match it.token {
                    Some(_) => format!("last there {}", moment(it.used_at)),
                    None => "has not come in yet".to_owned(),
                };
                format!("{id}\t{name}\t{role}\t{places}\t{state}\n")
            };
            Ok(screens.iter().map(line).collect())
        }
        ScreenCommand::Revoke { number } => {
            if !register.change(|of| register::unpair(of, ScreenId(number), by))? {
                bail!("there is no such screen; `live-orders screen list` shows all");
            }
            Ok(String::new())
        }
    }
}

fn places(locations: &[Location]) -> String {
    if locations.is_empty() {
        return "all locations".to_owned();
    }
    locations.iter().map(Location::as_str).collect::<Vec<_>>().join(",")
}

fn moment(at: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_string()
}

/// Prints what a command has to say.
pub(in crate::server) fn say(text: &str) {
    // A reader that has read enough closes the pipe; that is no error.
    let _ = std::io::stdout().write_all(text.as_bytes());
}
