//! The command line.

use std::{path::PathBuf, str::FromStr as _};

use clap::{Args, Parser, Subcommand};

use super::{
    access::command::{Command as AccessCommand, KeyCommand, ScreenCommand, UserCommand},
    config::{Config, DEFAULTS},
    webhooks::command::Errand,
};
use crate::domain::{Location, OrderId};

/// What stands under the help of whatever reads the configuration.
const PRECEDENCE: &str = "\
Each key of the configuration is taken from the first of these that sets it:
  1. a flag: --listen, --data, or --set stream.heartbeat_ms=2000
  2. the environment: LIVE_ORDERS_STREAM_HEARTBEAT_MS=2000
  3. the configuration file: heartbeat_ms = 2000 under [stream]
  4. the default: `live-orders config` prints all keys with theirs

Example:
  LIVE_ORDERS_ORDERS_CURRENCY=USD live-orders serve --listen 127.0.0.1:8080 --data /srv/orders";

/// The folder of a demo that is given none. A demo deletes what it holds, so it
/// is never the one that orders go to unless somebody names it.
const DEMO_DATA: &str = "demo-data";

/// Takes restaurant orders in over HTTP, keeps them durably, and streams every
/// change to a live board in the browser.
///
/// Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "live-orders", version, max_term_width = 100, after_help = PRECEDENCE)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve orders until SIGTERM or Ctrl-C
    #[command(after_help = PRECEDENCE)]
    Serve(Options),
    /// Play a dinner rush on a store of its own, to look around
    #[command(
        after_help = PRECEDENCE,
        mut_arg("data", |data| data.help(format!(
            "Folder of the demo's store. The demo that it holds is deleted at each start; \
             one with real orders is refused [default: {DEMO_DATA}]"
        )))
    )]
    Demo(DemoOptions),
    /// Let people log in, or no longer; also while the server runs
    User(With<UserCommand>),
    /// Make keys for programs, or take them back; also while the server runs
    Key(With<KeyCommand>),
    /// Look at the screens that are paired, or let one in no longer
    Screen(With<ScreenCommand>),
    /// Send events to other servers. The server may be running
    Webhook(With<WebhookCommand>),
    /// Let channels sign their orders. The server may be running
    ChannelSecret(With<SecretCommand>),
    /// Erase a customer's name, telephone number, address and notes from an order
    ///
    /// It goes from the order and from all that happened to it; its number, its
    /// items, times and figures stay. The server may be running.
    #[command(after_help = PRECEDENCE)]
    Erase(EraseOptions),
    /// Look whether the store is sound; the server may be running
    ///
    /// Reads every order and every event, and who may come in, as they stand at this
    /// moment, and changes nothing. Prints a line for each fault, and one that says what
    /// was looked at. The exit code is 0 where all is sound, and 1 where it is not.
    #[command(after_help = PRECEDENCE)]
    Check(Options),
    /// Copy the store, as it stands at this moment; the server may be running
    ///
    /// The copy is a data folder. Readers notice when it is restored, and get a
    /// snapshot.
    #[command(after_help = PRECEDENCE)]
    Backup(BackupOptions),
    /// Print the configuration's keys with their defaults and what they mean
    Config,
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    /// Make a webhook; prints its id and its secret, which is not told again
    Create {
        /// Where events are posted to
        #[arg(long)]
        url: String,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Which events, as the stream's parameters: "types=order.ready&channel=web" [default: all]
        #[arg(long, value_name = "QUERY")]
        filter: Option<String>,
        /// The event after which it begins, earliest, or now [default: now]
        #[arg(long, value_name = "ID")]
        after: Option<String>,
    },
    /// List webhooks: id, state, address, filter
    List,
    /// Switch a webhook on; it goes on where it was, and tries at once what waits
    On {
        /// Its id
        id: String,
    },
    /// Switch a webhook off; it is sent nothing until it is switched on
    Off {
        /// Its id
        id: String,
    },
    /// Give a webhook another secret; prints it, and it is not told again
    Rotate {
        /// Its id
        id: String,
        /// For how many hours the one it has stays good
        #[arg(long, value_name = "HOURS", default_value_t = 24,
            value_parser = clap::value_parser!(u16).range(0..=168))]
        overlap_hours: u16,
    },
    /// List the last 50 deliveries: number, time, event, order, outcome, error
    Deliveries {
        /// Its id
        id: String,
    },
    /// Send everything after an event again; only while no server runs on the folder
    Replay {
        /// Its id
        id: String,
        /// The event, earliest, or now, which skips all that is still to be sent
        #[arg(long, value_name = "ID")]
        after: String,
    },
    /// Delete a webhook and all that waits for it
    Delete {
        /// Its id
        id: String,
    },
}

impl From<WebhookCommand> for Errand {
    fn from(command: WebhookCommand) -> Self {
        match command {
            WebhookCommand::Create { url, description, filter, after } => {
                Self::Create { url, description, filter, after }
            }
            WebhookCommand::List => Self::List,
            WebhookCommand::On { id } => Self::Switch { id, on: true },
            WebhookCommand::Off { id } => Self::Switch { id, on: false },
            WebhookCommand::Rotate { id, overlap_hours } => Self::Rotate { id, overlap_hours },
            WebhookCommand::Deliveries { id } => Self::Deliveries { id },
            WebhookCommand::Replay { id, after } => Self::Replay { id, after },
            WebhookCommand::Delete { id } => Self::Delete { id },
        }
    }
}

#[derive(Debug, Subcommand)]
enum SecretCommand {
    /// Give a channel a secret, or another one; prints it, and it is not told again
    Create {
        /// The channel
        #[arg(long)]
        channel: String,
        /// The secret, where the channel has chosen it [default: a new one]
        #[arg(long, value_name = "WHSEC")]
        secret: Option<String>,
        /// For how many hours the one it has stays good
        #[arg(long, value_name = "HOURS", default_value_t = 24,
            value_parser = clap::value_parser!(u16).range(0..=168))]
        overlap_hours: u16,
        /// A location that its orders may be for; may be given again [default: all, or as it was]
        #[arg(long = "location", value_name = "LOCATION", value_parser = location)]
        locations: Vec<Location>,
    },
    /// List the channels that have one
    List,
    /// Take a channel's secret away
    Delete {
        /// The channel
        #[arg(long)]
        channel: String,
    },
}

fn location(raw: &str) -> Result<Location, String> {
    Location::parse(raw).map_err(|rule| format!("a location has {rule}"))
}

impl From<SecretCommand> for Errand {
    fn from(command: SecretCommand) -> Self {
        match command {
            SecretCommand::Create { channel, secret, overlap_hours, locations } => {
                Self::CreateSecret { channel, secret, overlap_hours, locations }
            }
            SecretCommand::List => Self::ListSecrets,
            SecretCommand::Delete { channel } => Self::DeleteSecret { channel },
        }
    }
}

/// A command with what it does, and where.
#[derive(Debug, Args)]
struct With<C: Subcommand> {
    #[command(subcommand)]
    command: C,
    /// Folder of the order store [default: data]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<String>,
    /// Configuration file [default: Leptos.toml in the working directory, where there is one]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Sets one key of the configuration; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair, global = true)]
    settings: Vec<(String, String)>,
}

impl<C: Subcommand> With<C> {
    fn load(self, others: Options) -> anyhow::Result<(C, Box<Config>)> {
        let Self { command, data, config, settings } = self;
        let options = Options { data, config, settings, ..Options::default() };
        Ok((command, Box::new(options.or(others).load(&[])?)))
    }
}

#[derive(Clone, Debug, Default, Args)]
struct Options {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Folder of the order store; made where it is missing [default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Serve HTTPS with a certificate of its own, for a local network: self-signed
    #[arg(long, value_name = "MODE")]
    tls: Option<String>,
    /// Serve HTTPS with the certificate in this file, PEM; needs --tls-key
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<String>,
    /// The key of --tls-cert, PEM
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// Configuration file [default: Leptos.toml in the working directory, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Sets one key of the configuration; may be given again. `live-orders config` lists them
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
}

#[derive(Clone, Debug, Args)]
struct DemoOptions {
    #[command(flatten)]
    options: Options,
    /// The same seed plays the same evening [default: 1]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<String>,
    /// How many times as fast as real time, 1 to 20 [default: 1]
    #[arg(long, value_name = "TIMES")]
    speed: Option<String>,
    /// Stop playing after so many minutes of the restaurant's time [default: never]
    #[arg(long, value_name = "MINUTES")]
    shift: Option<String>,
    /// Let in everybody who can reach it. Without this it listens on this machine alone
    #[arg(long)]
    open_to_everybody: bool,
}

#[derive(Clone, Debug, Args)]
struct EraseOptions {
    #[command(flatten)]
    options: Options,
    /// The order's id, as in its `id` field
    #[arg(long, value_name = "ID", value_parser = OrderId::from_str)]
    order: OrderId,
    /// Even if somebody still works on it, and may need what is erased
    #[arg(long)]
    while_open: bool,
}

#[derive(Clone, Debug, Args)]
struct BackupOptions {
    #[command(flatten)]
    options: Options,
    /// A folder for all of it, or a file that ends in .db for the orders alone. It must not
    /// be there yet
    #[arg(long, value_name = "FILE_OR_FOLDER")]
    to: PathBuf,
}

/// What the program was asked to do.
#[derive(Debug)]
pub enum Task {
    /// Serve orders.
    Serve(Box<Config>),
    /// Play a demo.
    Demo(Box<Config>),
    /// Set webhooks up.
    Webhooks(Box<Config>, Errand),
    /// Let somebody in, or no longer.
    Access(Box<Config>, AccessCommand),
    /// Erase an order.
    Erase(Box<Erase>),
    /// Look whether a store is sound.
    Check(Box<Config>),
    /// Copy a store.
    Backup(Box<Backup>),
    /// Print this.
    Print(&'static str),
}

/// An order to be erased.
#[derive(Debug)]
pub struct Erase {
    /// Where the store is.
    pub config: Config,
    /// Which order.
    pub order: OrderId,
    /// Even if it is open.
    pub while_open: bool,
}

/// A store to be copied.
#[derive(Debug)]
pub struct Backup {
    /// Where the store is.
    pub config: Config,
    /// Where the copy goes.
    pub to: PathBuf,
}

impl Cli {
    /// What was asked for, with the configuration for it.
    ///
    /// # Errors
    /// One line: what of the configuration is not allowed.
    pub fn task(self) -> anyhow::Result<Task> {
        match self.command {
            None => Ok(Task::Serve(Box::new(self.options.load(&[])?))),
            Some(Command::Serve(options)) => {
                Ok(Task::Serve(Box::new(options.or(self.options).load(&[])?)))
            }
            Some(Command::Demo(demo)) => {
                let mut options = demo.options.or(self.options);
                options.data.get_or_insert_with(|| DEMO_DATA.to_owned());
                let extra = [
                    ("demo.seed", demo.seed),
                    ("demo.speed", demo.speed),
                    ("demo.shift_minutes", demo.shift),
                    ("demo.open_to_everybody", demo.open_to_everybody.then(|| "true".to_owned())),
                ];
                Ok(Task::Demo(Box::new(options.load(&extra)?)))
            }
            Some(Command::User(with)) => {
                let (command, config) = with.load(self.options)?;
                Ok(Task::Access(config, AccessCommand::User(command)))
            }
            Some(Command::Key(with)) => {
                let (command, config) = with.load(self.options)?;
                Ok(Task::Access(config, AccessCommand::Key(command)))
            }
            Some(Command::Screen(with)) => {
                let (command, config) = with.load(self.options)?;
                Ok(Task::Access(config, AccessCommand::Screen(command)))
            }
            Some(Command::Webhook(with)) => {
                let (command, config) = with.load(self.options)?;
                Ok(Task::Webhooks(config, command.into()))
            }
            Some(Command::ChannelSecret(with)) => {
                let (command, config) = with.load(self.options)?;
                Ok(Task::Webhooks(config, command.into()))
            }
            Some(Command::Erase(EraseOptions { options, order, while_open })) => {
                let config = options.or(self.options).load(&[])?;
                Ok(Task::Erase(Box::new(Erase { config, order, while_open })))
            }
            Some(Command::Check(options)) => {
                Ok(Task::Check(Box::new(options.or(self.options).load(&[])?)))
            }
            Some(Command::Backup(BackupOptions { options, to })) => {
                let config = options.or(self.options).load(&[])?;
                Ok(Task::Backup(Box::new(Backup { config, to })))
            }
            Some(Command::Config) => Ok(Task::Print(DEFAULTS)),
        }
    }
}

impl Options {
    /// These options, and `others` where these say nothing.
    fn or(self, others: Self) -> Self {
        Self {
            listen: self.listen.or(others.listen),
            data: self.data.or(others.data),
            tls: self.tls.or(others.tls),
            tls_cert: self.tls_cert.or(others.tls_cert),
            tls_key: self.tls_key.or(others.tls_key),
            config: self.config.or(others.config),
            settings: [others.settings, self.settings].concat(),
        }
    }

    fn load(self, extra: &[(&str, Option<String>)]) -> anyhow::Result<Config> {
        let mut flags = self.settings;
        let named = [
            ("server.listen", self.listen),
            ("server.data", self.data),
            ("tls.mode", self.tls),
            ("tls.cert", self.tls_cert),
            ("tls.key", self.tls_key),
        ];
        for (key, value) in named.iter().chain(extra) {
            if let Some(value) = value {
                flags.push(((*key).to_owned(), value.clone()));
            }
        }
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Config::load(self.config, environment, &flags)
    }
}

fn pair(raw: &str) -> Result<(String, String), String> {
    match raw.split_once('=') {
        Some((key, value)) => Ok((key.trim().to_owned(), value.trim().to_owned())),
        None => Err("it takes KEY=VALUE, such as stream.heartbeat_ms=1000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    fn help(command: &str) -> String {
        let mut cli = Cli::command();
        cli.build();
        let command = cli.find_subcommand_mut(command).expect("a command");
        command.render_help().to_string().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_demo_tells_where_it_plays_and_what_it_deletes() {
        let (demo, serve) = (help("demo"), help("serve"));
        assert!(demo.contains("is deleted at each start"), "{demo}");
        assert!(demo.contains("[default: demo-data]") && !demo.contains("[default: data]"));
        assert!(serve.contains("[default: data]") && !serve.contains("deleted"), "{serve}");
    }

    #[test]
    fn help_tells_which_of_two_settings_wins() {
        for command in ["demo", "serve"] {
            let help = help(command);
            let places = ["1. a flag", "2. the environment", "3. the configuration file"]
                .map(|place| help.find(place).expect(place));
            assert!(places.is_sorted(), "{help}");
            assert!(help.contains("LIVE_ORDERS_STREAM_HEARTBEAT_MS"), "{help}");
        }
    }
}
