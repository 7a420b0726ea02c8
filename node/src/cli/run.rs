//! `run`: the node itself, until it is told to stop.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::context::Context;
use super::failure::CliError;
use super::secrets;
use crate::config::{Address, ByteSize, DhtMode, KeyProtection, Listen, MediaType, Settings, Wait};
use crate::control::CommandError;
use crate::logs;
use crate::node;

/// Run the node until SIGTERM or ctrl-c
///
/// Options not given here are read from the environment (PAPERMESH_LISTEN and so on, lists separated by
/// commas) and then from papermesh.toml in the home, under the same names.
#[derive(Args, Debug)]
pub(super) struct Run {
    /// Where the mesh listens; multiaddrs [default: every interface, the previous port if it is free]
    #[arg(long, value_name = "MULTIADDR", value_delimiter = ',')]
    listen: Option<Vec<Address>>,
    /// Where an admin's node listens for joining devices; multiaddrs
    #[arg(long, value_name = "MULTIADDR", value_delimiter = ',')]
    join_listen: Option<Vec<Address>>,
    /// Where else this node can be reached, such as at a forwarded port; multiaddrs
    #[arg(long, value_name = "MULTIADDR", value_delimiter = ',')]
    announce: Option<Vec<Address>>,
    /// Bootstrap nodes; multiaddrs that end in /p2p/PEER
    #[arg(long, value_name = "MULTIADDR", value_delimiter = ',')]
    bootstrap: Option<Vec<Address>>,
    /// Do not announce this node by mDNS or look for others
    #[arg(long)]
    no_mdns: bool,
    /// Do not let bootstrap nodes relay to this node
    #[arg(long)]
    no_relay: bool,
    /// Whether to store records for others: server or client [default: server]
    #[arg(long, value_name = "MODE")]
    dht: Option<DhtMode>,
    /// Where the hold printer listens, to which any program can print, or off [default: 127.0.0.1:6310]
    #[arg(long, value_name = "ADDRESS:PORT")]
    ipp: Option<Listen>,
    /// Where a printer's panel listens, which users see at the printer, or off [default:
    /// 127.0.0.1:8310]
    #[arg(long, value_name = "ADDRESS:PORT")]
    panel: Option<Listen>,
    /// How long a user may be idle at the panel before being logged out [default: 1m]
    #[arg(long, value_name = "TIME")]
    panel_idle: Option<Wait>,
    /// The panel's badge reader: pcsc, pcsc:NAME, keyboard:/dev/input/… or socket:/PATH
    #[arg(long, value_name = "READER")]
    badge_reader: Option<String>,
    /// How to convert the badge reader's numbers to the registered ones, such as "reverse
    /// hex-to-decimal digits=10"; `papermesh doctor` suggests a rule
    #[arg(long, value_name = "STEPS")]
    badge_rule: Option<String>,
    /// Addresses of other computers whose browsers may show the panel, such as the printer's own
    /// screen; from everywhere else only phones can connect
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    panel_remote: Option<Vec<IpAddr>>,
    /// A file that opens the panel's page on this computer, created if missing: only accounts that can
    /// read it get the panel
    #[arg(long, value_name = "FILE")]
    panel_launch: Option<PathBuf>,
    /// Where the users' page that `papermesh open` opens listens; a loopback address, or off [default:
    /// 127.0.0.1:8311]
    #[arg(long, value_name = "ADDRESS:PORT")]
    portal: Option<Listen>,
    /// A printer's output device: ipps://HOST/PATH, ipp://HOST/PATH, socket://HOST:PORT,
    /// tray:FOLDER, or infra:NAME for proxies that fetch [default: a tray in the home]
    #[arg(long, value_name = "URI")]
    output: Option<String>,
    /// Where proxies register and fetch, if the output is infra:NAME [default: 0.0.0.0:6311]
    #[arg(long, value_name = "ADDRESS:PORT")]
    infra: Option<SocketAddr>,
    /// Treat a document fully accepted by a raw port as printed [default: true]. If false, the job
    /// stays held and is marked "may have printed"
    #[arg(long, value_name = "BOOL")]
    delivered_is_printed: Option<bool>,
    /// The formats that the output device accepts, if it does not report them correctly; MIME types
    /// [default: what the device reports]
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    formats: Option<Vec<MediaType>>,
    /// Send the output device images of pages instead of documents, because it garbles documents
    /// [default: depends on its model]
    #[arg(long, value_name = "BOOL")]
    as_image: Option<bool>,
    /// The most the spool may hold [default: 10GiB]
    #[arg(long, value_name = "SIZE")]
    max_spool: Option<ByteSize>,
    /// Make no previews of first pages, which owners of held jobs see at the panel
    #[arg(long)]
    no_previews: bool,
    /// What seals this node's own keys: systemd-creds, secret-service (the keyring of the account that
    /// logs in), off, or auto: this computer's TPM, if it has one [default: auto]
    #[arg(long, value_name = "WHO")]
    protect_keys: Option<KeyProtection>,
    /// How long a printer waits to reach one holder and log the user in there [default: 10s]
    #[arg(long, value_name = "TIME")]
    holder_timeout: Option<Wait>,
    /// Unlock the site's authority key with the passphrase in this file, which only you can read
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Run {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        context.home.check()?;
        let config = context.config(self.settings())?;
        logs::start(
            config.log.as_deref().unwrap_or(logs::NODE_FILTER),
            config.log_json,
        )?;
        let passphrase = config
            .passphrase_file
            .as_deref()
            .map(|path| secrets::passphrase_file(path, &context.screen))
            .transpose()?;
        let stop = CancellationToken::new();
        let signals = tokio::spawn(stop_on_signal(stop.clone()));
        let ended = node::run(context.home.clone(), config, passphrase, stop).await;
        signals.abort();
        Ok(ended.map_err(CommandError::from)?)
    }

    fn settings(self) -> Settings {
        Settings {
            listen: self.listen,
            join_listen: self.join_listen,
            announce: self.announce,
            bootstrap: self.bootstrap,
            mdns: self.no_mdns.then_some(false),
            relay: self.no_relay.then_some(false),
            dht: self.dht,
            output: self.output,
            delivered_is_printed: self.delivered_is_printed,
            formats: self.formats,
            as_image: self.as_image,
            ipp: self.ipp,
            infra: self.infra,
            panel: self.panel,
            panel_idle: self.panel_idle,
            badge_reader: self.badge_reader,
            badge_rule: self.badge_rule,
            panel_remote: self.panel_remote,
            panel_launch: self.panel_launch,
            portal: self.portal,
            max_spool: self.max_spool,
            previews: self.no_previews.then_some(false),
            protect_keys: self.protect_keys,
            holder_timeout: self.holder_timeout,
            passphrase_file: self.passphrase_file,
            ..Settings::default()
        }
    }
}

/// Stops the node at the first signal, and the process at the second.
async fn stop_on_signal(stop: CancellationToken) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        // Then the signals do what they do by themselves: end the process.
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    info!("stopping");
    stop.cancel();
    interrupt.recv().await;
    // Whoever presses ctrl-c twice means it; what is stored survives that.
    std::process::exit(1);
}
