//! `site export|import|root|policy|ca`: the site as a whole.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::limits;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::text::Name;
use papermesh_services::authority::{self, bundle::TEXT_MAX};
use serde_json::json;
use zeroize::Zeroizing;

use super::context::Context;
use super::failure::CliError;
use super::file::write_new;
use super::quantity;
use super::screen::{Screen, Style};
use super::secrets::{self, PassphraseArgs, RootArgs};
use super::table::Facts;
use crate::control::message::{
    ExportRoot, ExportSite, ImportSite, PolicyChange, PolicyView, RemoveRoot, RenewRoot, RootView,
    ShowRoot, ShowSiteAuthority, SiteImported, SitePolicy,
};
use crate::control::{Client, CommandError, ControlError, ErrorCode};
use crate::node;

/// Back up, move and configure the site
#[derive(Debug, Subcommand)]
pub(super) enum Site {
    Export(Export),
    Import(Import),
    #[command(subcommand)]
    Root(Root),
    Policy(Policy),
    Ca(Ca),
}

/// Export everything the admin knows, sealed under a passphrase, as a backup
#[derive(Args, Debug)]
pub(super) struct Export {
    /// A new file; without one, standard output
    file: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Import what `site export` wrote: this node becomes an admin of the site
///
/// The node gets its own admin key, which the site's root signs: that needs the root's passphrase, and
/// the root's file if the export does not contain the root. If the admins have changed since the
/// export, run this on a computer that is already a member.
#[derive(Args, Debug)]
pub(super) struct Import {
    /// The file, or - for standard input
    file: PathBuf,
    /// This node's name, if it is not a member yet [default: the host's name]
    #[arg(long)]
    name: Option<Name>,
    /// What this node does besides being an admin, if it is not a member yet; separate several roles
    /// with commas
    #[arg(
        long = "role",
        value_name = "ROLE",
        value_delimiter = ',',
        default_value = "client"
    )]
    roles: Vec<Role>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    root: RootArgs,
}

/// The root of the site: who its admins are
#[derive(Debug, Subcommand)]
pub(super) enum Root {
    /// Show who the admins are and whether the root is stored here
    Show {},
    /// Write the root, sealed under its own passphrase, into a new file to store elsewhere
    Export {
        /// The new file
        file: PathBuf,
        /// Take the root out of this site export, with the export's passphrase; - reads it from standard
        /// input. That needs no running node
        #[arg(
            long,
            value_name = "EXPORT",
            conflicts_with_all = ["moved", "root_file", "root_passphrase_stdin", "root_passphrase_file"]
        )]
        from: Option<PathBuf>,
        /// Keep it only in the file: remove it from this node and from future exports
        #[arg(long = "move")]
        moved: bool,
        #[command(flatten)]
        passphrase: PassphraseArgs,
        #[command(flatten)]
        root: RootArgs,
    },
    /// Sign the list of admins again, and this admin's certificate authority for panels and hold
    /// printers
    Renew {
        #[command(flatten)]
        passphrase: PassphraseArgs,
        #[command(flatten)]
        root: RootArgs,
    },
}

/// Show or change the site's policy
#[derive(Args, Debug)]
pub(super) struct Policy {
    /// What a user must show at a printer: badge+pin (a badge or user id, and the PIN), pin (user
    /// id and PIN) or badge (the badge alone, which can be cloned)
    #[arg(long, value_parser = login)]
    login: Option<LoginPolicy>,
    /// How long an unclaimed job is kept unless its owner chose otherwise, at most 30 days
    #[arg(long, value_name = "TIME", value_parser = quantity::parse_seconds)]
    job_lifetime: Option<u32>,
    /// Let users register unknown badges as theirs at a printer's panel, with user id and PIN: on or
    /// off
    #[arg(long, value_name = "on|off", value_parser = switch)]
    bind_badges: Option<bool>,
    /// Minimum length of newly chosen PINs, 4 to 16 characters
    #[arg(long, value_name = "NUMBER")]
    pin_length: Option<u8>,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// What it means to take a badge for a proof.
const BADGE_ALONE: &str = "with the badge alone, nobody proves who they are: a badge can be cloned, any member can learn badge numbers, and every printer of the site can open and print all jobs of all users who have a badge, with nobody present; each computer records such logins in its audit log and limits them per printer and user";

/// Show the certificate that makes browsers and computers trust the site's panels and hold printers
#[derive(Args, Debug)]
pub(super) struct Ca {
    /// Show only its fingerprint (SHA-256), to compare where it is installed
    #[arg(long)]
    fingerprint: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// What a person is asked who brings an export.
const EXPORTS_PASSPHRASE: &str = "The passphrase of the export:";

impl Site {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        match self {
            Self::Export(command) => command.run(context).await,
            Self::Import(command) => command.run(context).await,
            Self::Root(command) => command.run(context).await,
            Self::Policy(command) => command.run(context).await,
            Self::Ca(command) => command.run(context).await,
        }
    }
}

impl Export {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let passphrase = match self.passphrase.chosen(&context.screen)? {
            Some(passphrase) => passphrase,
            None => secrets::ask_passphrase("A passphrase for the export:", true)?,
        };
        let command = ExportSite { passphrase };
        let exported = match context.call_if_running(command.clone()).await? {
            Some(exported) => exported,
            None => node::export_site(&context.home, command)
                .await
                .map_err(CommandError::from)?,
        };
        let screen = &context.screen;
        let Some(path) = self.file else {
            return screen.show(&exported, |exported, _| {
                exported.export.trim_end().to_owned()
            });
        };
        write_new(&path, exported.export.as_bytes())?;
        if screen.is_json() {
            return screen.json(&json!({
                "site": exported.site,
                "site_name": exported.site_name,
                "file": path.display().to_string(),
            }));
        }
        screen.remark(&format!(
            "wrote {}; keep it apart from its passphrase, and test it with `papermesh site import` in another home",
            path.display()
        ));
        Ok(())
    }
}

impl Import {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let given = self.passphrase.given(&context.screen)?;
        let mut root = self.root.given(&context.screen)?;
        let export = read_export(&self.file)?;
        let passphrase = match given {
            Some(passphrase) => passphrase,
            None => secrets::ask_passphrase(EXPORTS_PASSPHRASE, false)?,
        };
        let imported = loop {
            let command = ImportSite {
                name: self.name.clone(),
                roles: self.roles.clone(),
                passphrase: passphrase.clone(),
                root: root.clone(),
            };
            match take_over(context, command, export.clone()).await {
                Err(CliError::Refused(error))
                    if root.is_none() && error.code == ErrorCode::RootRequired =>
                {
                    root = Some(self.root.typed()?);
                }
                answer => break answer?,
            }
        };
        context.screen.show(&imported, |imported, _| {
            format!(
                "{} is now an admin of {}",
                imported.name, imported.site_name
            )
        })
    }
}

async fn take_over(
    context: &Context,
    command: ImportSite,
    export: Zeroizing<String>,
) -> Result<SiteImported, CliError> {
    match Client::connect(&context.home).await {
        Ok(client) => {
            let heard = |_| Ok::<(), CliError>(());
            client.send(command, export.as_bytes(), heard, |_| {}).await
        }
        Err(ControlError::NoNode { .. }) => Ok(node::import_site(&context.home, command, export)
            .await
            .map_err(CommandError::from)?),
        Err(error) => Err(error.into()),
    }
}

impl Root {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        let view = match self {
            Self::Show {} => context.call(ShowRoot {}).await?,
            Self::Export {
                file,
                from: Some(export),
                passphrase,
                ..
            } => return from_export(context, &export, &file, &passphrase),
            Self::Export {
                file, moved, root, ..
            } => {
                let root = root.given_or_typed(screen)?;
                let exported = context.call(ExportRoot { root }).await?;
                write_root(screen, &file, &exported.root)?;
                // Only now, when the file is on the disk.
                match moved {
                    true => context.call(RemoveRoot {}).await?,
                    false => context.call(ShowRoot {}).await?,
                }
            }
            Self::Renew { passphrase, root } => {
                let given = passphrase.given(screen)?;
                let root = root.given_or_typed(screen)?;
                let renew = |passphrase| RenewRoot {
                    root: root.clone(),
                    passphrase,
                };
                context.call_with(given, renew).await?
            }
        };
        screen.show(&view, root)
    }
}

/// Takes the root out of an export, which somebody does who has nothing else of the site any more.
fn from_export(
    context: &Context,
    export: &Path,
    file: &Path,
    passphrase: &PassphraseArgs,
) -> Result<(), CliError> {
    let screen = &context.screen;
    let given = passphrase.given(screen)?;
    let export = read_export(export)?;
    let passphrase = match given {
        Some(passphrase) => passphrase,
        None => secrets::ask_passphrase(EXPORTS_PASSPHRASE, false)?,
    };
    let root =
        authority::root_of_export(&export, passphrase.expose()).map_err(CommandError::from)?;
    write_root(screen, file, &root)?;
    match screen.is_json() {
        true => screen.json(&json!({ "file": file.display().to_string() })),
        false => Ok(()),
    }
}

fn write_root(screen: &Screen, file: &Path, root: &str) -> Result<(), CliError> {
    write_new(file, root.as_bytes())?;
    screen.remark(&format!(
        "wrote {}; anyone who has it and its passphrase controls the site",
        file.display()
    ));
    Ok(())
}

fn root(view: &RootView, style: &Style) -> String {
    let admins = view.admins.iter().map(|admin| {
        let id = &admin.node.to_string()[..8];
        match &admin.name {
            Some(name) => format!("{name} ({id})"),
            None => id.to_owned(),
        }
    });
    let mut facts = Facts::default();
    facts
        .add("site", format!("{} ({})", view.site_name, view.site))
        .add("charter", view.charter.to_string())
        .add("admins", admins.collect::<Vec<_>>().join(", "))
        .add(
            "root",
            match view.here {
                true => "on this node, sealed under its passphrase",
                false => "not on this node",
            },
        );
    if let Some(until) = view.web_until {
        facts.add("certifies for", quantity::rest(until, style.now));
    }
    facts.render()
}

impl Policy {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let longest = limits::JOB_LIFETIME_MAX.as_secs();
        if self
            .job_lifetime
            .is_some_and(|asked| u64::from(asked) > longest)
        {
            return Err(CliError::usage("jobs are kept for at most 30 days"));
        }
        let change = PolicyChange {
            login: self.login,
            job_lifetime: self.job_lifetime,
            bind_badges: self.bind_badges,
            pin_length: self.pin_length,
        };
        if self.login == Some(LoginPolicy::Badge) {
            context.screen.warn(BADGE_ALONE);
            if !self.yes && !secrets::agrees("Switch it on?")? {
                return Err(CliError::failed(
                    ErrorCode::Failed,
                    "canceled; nothing was changed",
                ));
            }
        }
        let change = (change != PolicyChange::default()).then_some(change);
        let policy = context
            .call_as_admin(&self.passphrase, |passphrase| SitePolicy {
                change: change.clone(),
                passphrase,
            })
            .await?;
        context.screen.show(&policy, render)
    }
}

impl Ca {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let authority = context
            .call_as_admin(&self.passphrase, |passphrase| ShowSiteAuthority {
                passphrase,
            })
            .await?;
        context.screen.show(&authority, |authority, _| {
            let shown = match self.fingerprint {
                true => &authority.fingerprint,
                false => &authority.pem,
            };
            shown.trim_end().to_owned()
        })
    }
}

fn render(policy: &PolicyView, _: &Style) -> String {
    let lifetime = std::time::Duration::from_secs(policy.job_lifetime.into());
    Facts::default()
        .add("site", format!("{} ({})", policy.site_name, policy.site))
        .add("login", login_name(policy.login))
        .add(
            "job lifetime",
            humantime::format_duration(lifetime).to_string(),
        )
        .add("bind badges", switch_name(policy.bind_badges))
        .add("PINs", format!("{} characters or more", policy.pin_length))
        .render()
}

const fn login_name(login: LoginPolicy) -> &'static str {
    match login {
        LoginPolicy::BadgeAndPin => "badge+pin",
        LoginPolicy::Pin => "pin",
        LoginPolicy::Badge => "badge",
    }
}

fn login(text: &str) -> Result<LoginPolicy, String> {
    [
        LoginPolicy::BadgeAndPin,
        LoginPolicy::Pin,
        LoginPolicy::Badge,
    ]
    .into_iter()
    .find(|policy| login_name(*policy) == text)
    .ok_or_else(|| "choose badge+pin, pin or badge".to_owned())
}

const fn switch_name(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn switch(text: &str) -> Result<bool, String> {
    [true, false]
        .into_iter()
        .find(|on| switch_name(*on) == text)
        .ok_or_else(|| "choose on or off".to_owned())
}

fn read_export(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let unreadable = |source| CliError::File {
        action: "read",
        path: path.display().to_string(),
        source,
    };
    let file = if path.as_os_str() == "-" {
        secrets::stdin()?
    } else {
        File::open(path).map_err(unreadable)?
    };
    let mut export = Zeroizing::new(String::new());
    file.take(TEXT_MAX as u64 + 1)
        .read_to_string(&mut export)
        .map_err(unreadable)?;
    if export.len() > TEXT_MAX {
        return Err(CliError::failed(
            ErrorCode::BadData,
            format!("{} is not a site export: it is too large", path.display()),
        ));
    }
    Ok(export)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn login_policies_have_the_names_that_the_site_state_uses() {
        for policy in [
            LoginPolicy::BadgeAndPin,
            LoginPolicy::Pin,
            LoginPolicy::Badge,
        ] {
            assert_eq!(login(login_name(policy)), Ok(policy));
            assert_eq!(serde_json::to_value(policy).unwrap(), login_name(policy));
        }
        assert!(login("none").is_err());
    }
}
