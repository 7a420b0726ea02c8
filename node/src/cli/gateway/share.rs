//! `gateway share` and `gateway guest`: a print token, and what each system needs to print with it.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use papermesh_protocol::gateway::name::{HostName, Label};
use papermesh_protocol::gateway::token::allowance::Allowance;
use papermesh_protocol::text::{Name, UserId, counted};
use serde::Serialize;

use super::super::context::Context;
use super::super::failure::CliError;
use super::super::file::write_new;
use super::super::quantity;
use super::super::screen::Style;
use super::token::New;
use crate::control::message::{GetStatus, ListGateways, MakeToken, Token, TokenMade};
use crate::control::{CommandError, ErrorCode};
use crate::pages::qr;
use crate::share;

/// A device or program outside.
#[derive(Args, Debug)]
pub(in crate::cli) struct Share {
    #[command(flatten)]
    token: New,
    #[command(flatten)]
    to: To,
}

/// A guest.
#[derive(Args, Debug)]
pub(in crate::cli) struct Guest {
    /// Who it is, such as "Dana, auditor"
    name: Name,
    /// Whose jobs they become: this user releases them [default: the only user who enrolled here]
    #[arg(long)]
    user: Option<UserId>,
    /// How long it is good for [default: 24h]
    #[arg(long = "valid", value_name = "TIME", value_parser = quantity::parse_seconds)]
    lifetime: Option<u32>,
    /// Jobs in all [default: 3]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
    #[command(flatten)]
    to: To,
}

/// At which place, and what to write.
#[derive(Args, Debug)]
struct To {
    /// At which place of this computer [default: the first that is open]
    #[arg(long, value_name = "NAME")]
    place: Option<Label>,
    /// Write a profile for iPhone, iPad and Mac to this new file
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
}

/// All that is given to a device outside. It is a secret.
#[derive(Serialize)]
struct Shared {
    user: UserId,
    token: String,
    /// For programs that ask for a password.
    uri: String,
    /// For programs that ask for nothing.
    capability: String,
    /// For browsers.
    page: String,
    lpadmin: String,
    powershell: String,
    mobileconfig: String,
}

impl Share {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        // Nothing is made that nobody can be told where to use.
        let place = self.to.place(context).await?;
        let made = self.token.make(context).await?;
        self.to.show(context, (&place, &made)).await
    }
}

impl Guest {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let place = self.to.place(context).await?;
        let usual = MakeToken::for_guest(self.name);
        let command = MakeToken {
            user: self.user,
            lifetime: self.lifetime.or(usual.lifetime),
            allowance: Allowance {
                jobs: self.jobs.or(usual.allowance.jobs),
                ..usual.allowance
            },
            ..usual
        };
        let made = context.call(command).await?;
        self.to.show(context, (&place, &made)).await
    }
}

impl To {
    /// The name of the place that is meant.
    async fn place(&self, context: &Context) -> Result<HostName, CliError> {
        if let Some(file) = self.profile.as_ref().filter(|file| file.exists()) {
            let text = format!("{} is there already", file.display());
            let refusal = CommandError::new(ErrorCode::Usage, text);
            return Err(refusal.with_remedy("name a new file").into());
        }
        let list = context.call(ListGateways {}).await?;
        let (missing, remedy) = match &self.place {
            Some(label) => (
                format!("this computer has no open place {label}"),
                "`papermesh gateway list` shows those that it has",
            ),
            None => (
                "this computer has no open place".to_owned(),
                "open one with `papermesh gateway place add`; `papermesh gateway list` says how it stands",
            ),
        };
        let found = list.open_place(self.place.as_ref()).cloned();
        found.ok_or_else(|| {
            CommandError::new(ErrorCode::NotFound, missing)
                .with_remedy(remedy)
                .into()
        })
    }

    async fn show(
        self,
        context: &Context,
        (place, made): (&HostName, &TokenMade),
    ) -> Result<(), CliError> {
        let status = context.call(GetStatus {}).await?;
        let token = made.token.parse().map_err(CliError::usage)?;
        let share = share::Share {
            place,
            site: &status.site.name,
            user: &made.view.user,
            token: &token,
        };
        let shared = Shared {
            user: made.view.user.clone(),
            token: made.token.clone(),
            uri: share.uri(),
            capability: share.capability().to_string(),
            page: share.page().to_string(),
            lpadmin: share.lpadmin(),
            powershell: share.powershell().to_string(),
            mobileconfig: share.mobileconfig().to_string(),
        };
        let profile = self.profile.as_ref().map(|file| file.display().to_string());
        // First what is told once: a file that cannot be written loses nobody a token.
        context.screen.show(&shared, |shared, style| {
            let limits = limits(&made.view, style);
            text(shared, &limits, profile.as_deref())
        })?;
        match &self.profile {
            Some(file) => write_new(file, share.mobileconfig().as_bytes()),
            None => Ok(()),
        }
    }
}

/// How much and how long.
fn limits(token: &Token, style: &Style) -> String {
    let time = quantity::rest(token.until, style.now);
    match token.allowance.jobs {
        Some(most) => format!("{} at most, for {time}", counted(most.into(), "document")),
        None => format!("for {time}"),
    }
}

fn text(shared: &Shared, limits: &str, profile: Option<&str>) -> String {
    let mut text = format!(
        "Whoever has this prints for {}, {limits}; it is not shown again.\n\n\
         In a browser, also on a phone:\n  {}\n",
        shared.user, shared.page
    );
    // Writing to a string does not fail.
    if let Some(code) = qr::letters(&shared.page) {
        let _ = writeln!(text, "\n{code}");
    }
    let _ = write!(
        text,
        "Printer address for Android, ChromeOS and others that ask for no password:\n  {}\n\n\
         Linux, macOS (the user id is {}, the password is {}):\n  {}\n\n\
         Windows, in PowerShell:\n  {}\n\n",
        shared.capability, shared.user, shared.token, shared.lpadmin, shared.powershell
    );
    text.push_str(&match profile {
        Some(file) => format!("iPhone, iPad, Mac: open {file} there"),
        None => "iPhone, iPad, Mac: say --profile FILE for a profile to open there".to_owned(),
    });
    text
}
