//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::config::{Config, DEFAULTS};

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
    /// Print the configuration's keys with their defaults and what they mean
    Config,
}

#[derive(Clone, Debug, Default, Args)]
struct Options {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Folder of the order store; made where it is missing [default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
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
}

/// What the program was asked to do.
#[derive(Debug)]
pub enum Task {
    /// Serve orders.
    Serve(Box<Config>),
    /// Play a demo.
    Demo(Box<Config>),
    /// Print this.
    Print(&'static str),
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
                ];
                Ok(Task::Demo(Box::new(options.load(&extra)?)))
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
            config: self.config.or(others.config),
            settings: [others.settings, self.settings].concat(),
        }
    }

    fn load(self, extra: &[(&str, Option<String>)]) -> anyhow::Result<Config> {
        let mut flags = self.settings;
        let named = [("server.listen", self.listen), ("server.data", self.data)];
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
