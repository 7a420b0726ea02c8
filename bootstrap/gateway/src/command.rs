//! The command line.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::{Parser, Subcommand};
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::name::{Domain, Label};
use papermesh_protocol::id::SiteId;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use zeroize::Zeroizing;

use crate::clock;
use crate::contracts::{self, Contract};
use crate::home::{Home, Settings};
use crate::ledger;
use crate::run::{self, Listen};

/// The port for pipes.
const PIPE_PORT: u16 = 4001;

/// Gives printers behind firewalls a public name, and forwards TLS that it cannot read.
#[derive(Debug, Parser)]
#[command(name = "papermesh-gateway", version, about)]
pub(crate) struct Command {
    /// The gateway's folder [default: PAPERMESH_GATEWAY_HOME, else /var/lib/papermesh-gateway].
    #[arg(long, global = true, value_name = "FOLDER")]
    home: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a gateway.
    Init {
        /// The domain under which places have their names, such as gw.example.
        #[arg(long)]
        domain: Domain,
        /// The port for pipes, as sites are told.
        #[arg(long, value_name = "PORT", default_value_t = PIPE_PORT)]
        pipe_port: u16,
    },
    /// Which sites may open places.
    #[command(subcommand)]
    Contract(ContractAction),
    /// What sites used in a month, as CSV.
    Ledger {
        /// The month, such as 2026-11.
        #[arg(long, value_name = "YYYY-MM")]
        month: String,
    },
    /// Run the gateway until SIGTERM or ctrl-c.
    Run {
        /// Where outsiders are heard; may be repeated [default: `listen` of gateway.toml, else ports 443 and 631 of all
        /// addresses].
        #[arg(long, value_name = "ADDRESS")]
        listen: Vec<SocketAddr>,
        /// Where doors are heard; may be repeated [default: `listen-pipes` of gateway.toml, else the port for pipes of all
        /// addresses].
        #[arg(long, value_name = "ADDRESS")]
        listen_pipes: Vec<SocketAddr>,
        /// What is logged, such as info or papermesh=debug,warn.
        #[arg(
            long,
            value_name = "FILTER",
            default_value = "warn,papermesh_gateway=info"
        )]
        log: String,
    },
}

#[derive(Debug, Subcommand)]
enum ContractAction {
    /// Let a site open places, or change what it may. Prints the line that its admin adds.
    Add {
        /// The site's id, which `papermesh status` shows.
        #[arg(long)]
        site: SiteId,
        /// The site's label: its places are called PLACE.LABEL.DOMAIN.
        #[arg(long)]
        label: Label,
        /// Places that it may open at once.
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        places: u32,
        /// The last day, such as 2027-12-31 [default: no end].
        #[arg(long, value_name = "YYYY-MM-DD")]
        until: Option<String>,
    },
    /// List the contracts.
    List,
    /// End a contract: the site's pipes are closed.
    End {
        /// The site's id or its label.
        site: String,
    },
}

impl Command {
    /// Does what the command says.
    pub(crate) fn execute(self) -> anyhow::Result<()> {
        let home = Home::resolve(self.home);
        match self.action {
            Action::Init { domain, pipe_port } => init(&home, domain, pipe_port),
            Action::Contract(action) => contract(&home, action),
            Action::Ledger { month } => show_ledger(&home, &month),
            Action::Run {
                listen,
                listen_pipes,
                log,
            } => serve(&home, listen, listen_pipes, &log),
        }
    }
}

fn init(home: &Home, domain: Domain, pipe_port: u16) -> anyhow::Result<()> {
    if pipe_port == 0 {
        bail!("the port for pipes must be from 1 to 65535");
    }
    let key = Zeroizing::new(rand::random::<[u8; 32]>());
    home.init(&Settings::new(domain.clone(), pipe_port), &key)?;
    println!("Made a gateway in {}.", home.path().display());
    println!("Let these names lead to this computer:");
    println!("  {domain}.   A and AAAA");
    println!("  *.{domain}. A and AAAA");
    println!("Then: papermesh-gateway contract add --site ID --label NAME");
    Ok(())
}

fn contract(home: &Home, action: ContractAction) -> anyhow::Result<()> {
    let path = home.contracts();
    match action {
        ContractAction::Add {
            site,
            label,
            places,
            until,
        } => {
            let settings = home.settings()?;
            let until = until.as_deref().map(day_after).transpose()?;
            let added = Contract {
                site,
                label: label.clone(),
                places,
                until,
                at: clock::now(),
            };
            contracts::add(&path, &added)?;
            let key = papermesh_pipe::gateway_id(&*home.key()?)
                .ok_or_else(|| anyhow!("the gateway's key cannot be used"))?;
            let gateway = Gateway {
                key,
                domain: settings.domain,
                site: label,
                port: settings.pipe_port,
                within: Vec::new(),
            };
            let line = gateway
                .to_line()
                .map_err(|error| anyhow!("{}", error.in_full()))?;
            println!("{}", *line);
        }
        ContractAction::List => {
            let now = clock::now();
            for contract in contracts::read(&path)?.into_values() {
                let until = match contract.until {
                    None => "no end".to_owned(),
                    Some(until) if contract.is_over(now) => format!("ended {}", day(until)),
                    Some(until) => format!("until {}", day(until)),
                };
                println!(
                    "{}  {}  {} places  {until}",
                    contract.site, contract.label, contract.places
                );
            }
        }
        ContractAction::End { site } => {
            let meant = contracts::read(&path)?.into_values().find(|contract| {
                contract.site.to_string() == site || contract.label.as_str() == site
            });
            let meant = meant.ok_or(contracts::ContractsError::Unknown)?;
            let ended = contracts::end(&path, meant.site, clock::now())?;
            println!("Ended the contract of {} ({}).", ended.label, ended.site);
        }
    }
    Ok(())
}

fn show_ledger(home: &Home, month: &str) -> anyhow::Result<()> {
    let book = contracts::read(&home.contracts())?;
    let used = ledger::read(&home.ledger(), whole_month(month)?)?;
    println!("site,label,places,knocks,bytes_in,bytes_out,wakes");
    for (site, used) in used {
        let label = book
            .get(&site)
            .map_or("", |contract| contract.label.as_str());
        println!(
            "{site},{label},{},{},{},{},{}",
            used.places, used.knocks, used.bytes_in, used.bytes_out, used.wakes
        );
    }
    Ok(())
}

fn serve(
    home: &Home,
    front: Vec<SocketAddr>,
    pipes: Vec<SocketAddr>,
    log: &str,
) -> anyhow::Result<()> {
    let filter = EnvFilter::builder()
        .parse(log)
        .with_context(|| format!("{log:?} is not a log filter"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .init();
    let said = |addresses: Vec<SocketAddr>| (!addresses.is_empty()).then_some(addresses);
    let everywhere = |port| SocketAddr::from(([0_u16; 8], port));
    let settings = home.settings()?;
    let listen = Listen {
        front: said(front)
            .or(settings.listen)
            .unwrap_or_else(|| vec![everywhere(443), everywhere(631)]),
        pipes: said(pipes)
            .or(settings.listen_pipes)
            .unwrap_or_else(|| vec![everywhere(settings.pipe_port)]),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let signalled = {
            let stop = stop.clone();
            async move {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
                stop.cancel();
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            ended = run::run(home, listen, stop) => ended,
            () = signalled => Ok(()),
        }
    })
}

/// The end of a day, in UTC.
fn day_after(day: &str) -> anyhow::Result<Timestamp> {
    let begins = moment(&format!("{day}T00:00:00Z"))
        .with_context(|| format!("{day:?} is not a day; write one such as 2027-12-31"))?;
    Ok(begins + core::time::Duration::from_secs(24 * 60 * 60))
}

/// The day of the moment before, in UTC.
fn day(until: Timestamp) -> String {
    let last = until - core::time::Duration::from_millis(1);
    let since = std::time::UNIX_EPOCH + core::time::Duration::from_millis(last.as_millis());
    let text = humantime::format_rfc3339_seconds(since).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// The beginning and the end of a month, in UTC.
fn whole_month(month: &str) -> anyhow::Result<(Timestamp, Timestamp)> {
    let said = || format!("{month:?} is not a month; write one such as 2026-11");
    let begins = moment(&format!("{month}-01T00:00:00Z")).with_context(said)?;
    let (year, number) = month.split_once('-').with_context(said)?;
    let (year, number): (u16, u8) = (year.parse()?, number.parse()?);
    let next = match number {
        12 => format!("{:04}-01", year + 1),
        _ => format!("{year:04}-{:02}", number + 1),
    };
    let ends = moment(&format!("{next}-01T00:00:00Z")).with_context(said)?;
    Ok((begins, ends))
}

fn moment(text: &str) -> anyhow::Result<Timestamp> {
    let since = humantime::parse_rfc3339(text)?.duration_since(std::time::UNIX_EPOCH)?;
    Ok(Timestamp::from_secs(since.as_secs()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn days_and_months_end_where_the_next_begin() {
        assert_eq!(day(day_after("2027-12-31").unwrap()), "2027-12-31");
        let (begins, ends) = whole_month("2026-12").unwrap();
        assert_eq!(ends.since(begins).as_secs(), 31 * 24 * 60 * 60);
        assert_eq!(whole_month("2027-01").unwrap().0, ends);
        for wrong in ["2026", "2026-13", "26-1", ""] {
            assert!(whole_month(wrong).is_err(), "{wrong}");
        }
    }
}
