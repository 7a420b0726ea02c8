//! The command line.

use std::io::{BufRead, Read};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::{Parser, Subcommand};
use papermesh_node::config::{Config, Home, Settings};
use papermesh_node::control::Events;
use papermesh_node::control::message::JoinSite;
use papermesh_node::logs::{self, NODE_FILTER};
use papermesh_node::node::{self, Node};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::Name;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::health;

/// Bytes of an invite that are read; one has a few hundred.
const INVITE: u64 = 64 * 1024;

/// An always-on Papermesh member: DHT seed and relay.
#[derive(Debug, Parser)]
#[command(name = "papermesh-bootstrap", version, about)]
pub(crate) struct Command {
    /// The folder in which the node keeps everything [default: PAPERMESH_HOME, else the platform's
    /// data folder].
    #[arg(long, global = true, value_name = "FOLDER")]
    home: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Become a member, with an invite that the admin made with `papermesh invite --role bootstrap`.
    Join {
        /// The invite, one line; - to read it from standard input, where other accounts of the computer do
        /// not see it.
        invite: String,
        /// The node's name [default: the invite's, else the host's].
        #[arg(long)]
        name: Option<Name>,
    },
    /// Run the node until SIGTERM or ctrl-c.
    Run {
        /// Where to listen; a multiaddr, may be repeated.
        #[arg(long, value_name = "MULTIADDR")]
        listen: Vec<String>,
        /// Where else this node can be reached; a multiaddr, may be repeated.
        #[arg(long, value_name = "MULTIADDR")]
        announce: Vec<String>,
        /// Other bootstrap nodes.
        #[arg(long, value_name = "MULTIADDR")]
        bootstrap: Vec<String>,
        /// Do not look for members by mDNS.
        #[arg(long)]
        no_mdns: bool,
        /// Where to serve /healthz and /metrics.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9464")]
        http: SocketAddr,
        /// Do not serve them.
        #[arg(long, conflicts_with = "http")]
        no_http: bool,
    },
}

impl Command {
    /// Does what the command says.
    pub(crate) fn execute(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let home = Home::resolve(self.home, std::env::var_os("PAPERMESH_HOME")).map_err(told)?;
        runtime.block_on(async {
            match self.action {
                Action::Join { invite, name } => {
                    join(&home, argument_or_stdin(invite)?, name).await
                }
                Action::Run {
                    listen,
                    announce,
                    bootstrap,
                    no_mdns,
                    http,
                    no_http,
                } => {
                    let flags = Settings {
                        listen: addresses(listen)?,
                        announce: addresses(announce)?,
                        bootstrap: addresses(bootstrap)?,
                        mdns: no_mdns.then_some(false),
                        ..Settings::default()
                    };
                    run(home, flags, (!no_http).then_some(http)).await
                }
            }
        })
    }
}

fn addresses<T>(texts: Vec<String>) -> anyhow::Result<Option<Vec<T>>>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    if texts.is_empty() {
        return Ok(None);
    }
    let parsed: Result<Vec<T>, T::Err> = texts.iter().map(|text| text.parse()).collect();
    parsed
        .map(Some)
        .context("an address is not a multiaddr; write one such as /ip4/0.0.0.0/tcp/4001")
}

/// An error as it is shown: what is wrong and what to do.
fn told(error: impl Remedy) -> anyhow::Error {
    anyhow!("{}", error.in_full())
}

/// What an argument stands for: itself, or with `-` the first line of standard input.
fn argument_or_stdin(argument: String) -> anyhow::Result<String> {
    if argument != "-" {
        return Ok(argument);
    }
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .take(INVITE)
        .read_line(&mut line)
        .context("cannot read standard input")?;
    Ok(line.trim().to_owned())
}

async fn join(home: &Home, invite: String, name: Option<Name>) -> anyhow::Result<()> {
    let (events, _) = Events::channel();
    let config = Settings::default().resolve(home);
    let request = JoinSite {
        invite: Some(invite),
        site: None,
        roles: Vec::new(),
        name,
    };
    let joined = node::join(home, &config, request, events)
        .await
        .map_err(told)?;
    println!(
        "{} is a member of {} ({})",
        joined.name, joined.site_name, joined.node
    );
    if !joined.roles.contains(&Role::Bootstrap) {
        bail!(
            "this invite is not for a bootstrap node; make one with `papermesh invite --role bootstrap`"
        );
    }
    Ok(())
}

async fn run(home: Home, flags: Settings, http: Option<SocketAddr>) -> anyhow::Result<()> {
    let environment = Settings::from_environment(|name| std::env::var_os(name)).map_err(told)?;
    let config = Config::load(&home, flags, environment).map_err(told)?;
    logs::start(
        config.log.as_deref().unwrap_or(NODE_FILTER),
        config.log_json,
    )
    .map_err(told)?;
    let node = Node::start(&home, config, None).await.map_err(told)?;
    let stop = CancellationToken::new();
    let mut pages = tokio::task::JoinSet::new();
    if let Some(address) = http {
        pages.spawn(health::serve(address, node.mesh().clone()));
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let signalled = {
        let stop = stop.clone();
        async move {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            stop.cancel();
        }
    };
    let running = node.run(stop.clone());
    tokio::pin!(running);
    tokio::select! {
        () = &mut running => return Ok(()),
        Some(ended) = pages.join_next() => {
            stop.cancel();
            running.await;
            return ended?;
        }
        () = signalled => {}
    }
    running.await;
    Ok(())
}
