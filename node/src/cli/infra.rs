//! `infra`: proxies that fetch what is released at this printer.

use clap::{Args, Subcommand};
use papermesh_protocol::text::Name;

use super::context::Context;
use super::failure::CliError;
use super::quantity;
use super::screen::Style;
use super::table::Grid;
use crate::control::message::{
    DeviceTokenMade, DeviceTokenView, ListDeviceTokens, MakeDeviceToken, WithdrawDeviceToken,
};

/// Proxies that fetch what is released at this printer, where its output is infra:NAME
#[derive(Args, Debug)]
pub(super) struct Infra {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a device token for a proxy; it is shown once
    Add {
        /// What it is for, such as "lobby"
        name: Name,
    },
    /// List the device tokens of this printer, and how it stands with their proxies
    List,
    /// Withdraw a device token: its proxy fetches nothing from now on
    Remove {
        /// Its name
        name: String,
    },
}

impl Infra {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        match self.action {
            Action::Add { name } => {
                let made = context.call(MakeDeviceToken { name }).await?;
                screen.show(&made, |made, _| added(made))
            }
            Action::List => {
                let all = context.call(ListDeviceTokens {}).await?;
                screen.show(&all, |all, style| table(all, style))
            }
            Action::Remove { name } => {
                let withdrawn = context.call(WithdrawDeviceToken { name }).await?;
                screen.show(&withdrawn, |withdrawn, _| {
                    format!("withdrew the device token {}", withdrawn.name)
                })
            }
        }
    }
}

fn added(made: &DeviceTokenMade) -> String {
    let how = match made.port {
        Some(port) => format!(
            "give the proxy any user name and this as the password; it registers at ipps://THIS-COMPUTER:{port}/ipp/system"
        ),
        None => "it is good once this node runs with --output infra:NAME".to_owned(),
    };
    format!("{}\n{how}\nthe token is not shown again", made.token)
}

fn table(tokens: &[DeviceTokenView], style: &Style) -> String {
    if tokens.is_empty() {
        return "no device tokens".to_owned();
    }
    let mut grid = Grid::new(&["NAME~", "MADE", "PROXY~", "DEVICE"]);
    for token in tokens {
        grid.row([
            token.name.to_string(),
            quantity::age(token.made_at, style.now),
            state(token),
            token.device.clone().unwrap_or_default(),
        ]);
    }
    grid.render(style)
}

/// How it stands with the proxy of a token.
fn state(token: &DeviceTokenView) -> String {
    match (&token.device, token.proxy) {
        (None, _) => "not shown yet".to_owned(),
        (Some(_), None) => "not heard since this node started".to_owned(),
        (Some(_), Some(proxy)) => {
            let does = match (proxy.active, proxy.described) {
                (true, _) => "fetches",
                (false, true) => "stands by",
                (false, false) => "has not described its printer",
            };
            format!("{does}, heard {} s ago", proxy.silent)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::time::Timestamp;

    use super::*;
    use crate::control::message::ProxyStatus;

    #[test]
    fn a_list_says_how_it_stands_with_each_proxy() {
        let token = |name: &str, device: Option<&str>, proxy| DeviceTokenView {
            name: name.parse().unwrap(),
            made_at: Timestamp::default(),
            device: device.map(str::to_owned),
            proxy,
        };
        let there = ProxyStatus {
            active: true,
            described: true,
            silent: 7,
        };
        let shown = table(
            &[
                token("lobby", Some("urn:uuid:1"), Some(there)),
                token("hall", Some("urn:uuid:2"), None),
                token("attic", None, None),
            ],
            &Style::plain(),
        );
        for words in ["fetches, heard 7 s ago", "not heard since", "not shown yet"] {
            assert!(shown.contains(words), "{shown}");
        }
    }
}
