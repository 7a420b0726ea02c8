//! One layer of configuration, in which anything may be left unsaid.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use papermesh_door::Proxy;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use serde::Deserialize;

use super::mail::MailAccounts;
use super::value::{
    Address, ByteSize, DhtMode, KeyProtection, Listen, MediaType, NamedUsers, ProxyChoice,
    SystemProxy, Wait, switch,
};
use super::{ENVIRONMENT_PREFIX, FILE_LIMIT};

/// What flags, environment or file say. Names are those of the file; see [`super::Config`] for
/// what each means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs)]
pub struct Settings {
    pub listen: Option<Vec<Address>>,
    pub join_listen: Option<Vec<Address>>,
    pub announce: Option<Vec<Address>>,
    pub bootstrap: Option<Vec<Address>>,
    pub mdns: Option<bool>,
    pub relay: Option<bool>,
    pub dht: Option<DhtMode>,
    pub output: Option<String>,
    pub delivered_is_printed: Option<bool>,
    pub formats: Option<Vec<MediaType>>,
    pub as_image: Option<bool>,
    pub ipp: Option<Listen>,
    pub ipp_users: Option<NamedUsers>,
    pub ipp_default_user: Option<UserId>,
    pub ipp_operators: Option<Vec<UserId>>,
    pub ipp_domains: Option<Vec<String>>,
    pub ipp_accounts: Option<Vec<String>>,
    pub internet_pin: Option<bool>,
    pub infra: Option<SocketAddr>,
    pub panel: Option<Listen>,
    pub panel_idle: Option<Wait>,
    pub panel_remote: Option<Vec<IpAddr>>,
    pub panel_launch: Option<PathBuf>,
    pub portal: Option<Listen>,
    pub badge_reader: Option<String>,
    pub badge_rule: Option<String>,
    pub max_spool: Option<ByteSize>,
    pub previews: Option<bool>,
    /// The directory of a certificate authority, or `off`.
    pub acme: Option<String>,
    /// A file with the certificate by which that authority's own is verified.
    pub acme_root: Option<PathBuf>,
    /// Whether places of others are looked at from outside.
    pub probe: Option<bool>,
    /// The HTTP proxy to gateways, or `off`.
    pub proxy: Option<ProxyChoice>,
    /// The one of `HTTPS_PROXY`, which counts where no layer says one. The file has none.
    #[serde(skip)]
    pub system_proxy: Option<SystemProxy>,
    /// The section `mail`. No variable says it.
    pub mail: Option<MailAccounts>,
    pub protect_keys: Option<KeyProtection>,
    pub holder_timeout: Option<Wait>,
    pub converter_timeout: Option<Wait>,
    pub converter_without_landlock: Option<bool>,
    pub passphrase_file: Option<PathBuf>,
    pub log: Option<String>,
    pub log_json: Option<bool>,
}

/// Why a layer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is there but cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is no configuration of ours.
    #[error("{} is longer than {FILE_LIMIT} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// The file says something that is not understood.
    #[error("{}:{line}:{column}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// Where in the line, in characters counted from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// An environment variable says something that is not understood.
    #[error("{variable}: {message}")]
    Environment {
        /// The variable.
        variable: String,
        /// What is wrong.
        message: String,
    },
}

impl Remedy for ConfigError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Read { .. } => "make it readable or move it away",
            Self::TooLong { .. } => "check that it is the right file",
            Self::File { .. } => "correct the line or remove it",
            Self::Environment { .. } => "correct the variable or unset it",
        };
        Some(remedy.into())
    }
}

impl Settings {
    /// This layer over a lower one: what this one leaves unsaid, the lower one says.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            listen: self.listen.or(lower.listen),
            join_listen: self.join_listen.or(lower.join_listen),
            announce: self.announce.or(lower.announce),
            bootstrap: self.bootstrap.or(lower.bootstrap),
            mdns: self.mdns.or(lower.mdns),
            relay: self.relay.or(lower.relay),
            dht: self.dht.or(lower.dht),
            output: self.output.or(lower.output),
            delivered_is_printed: self.delivered_is_printed.or(lower.delivered_is_printed),
            formats: self.formats.or(lower.formats),
            as_image: self.as_image.or(lower.as_image),
            ipp: self.ipp.or(lower.ipp),
            ipp_users: self.ipp_users.or(lower.ipp_users),
            ipp_default_user: self.ipp_default_user.or(lower.ipp_default_user),
            ipp_operators: self.ipp_operators.or(lower.ipp_operators),
            ipp_domains: self.ipp_domains.or(lower.ipp_domains),
            ipp_accounts: self.ipp_accounts.or(lower.ipp_accounts),
            internet_pin: self.internet_pin.or(lower.internet_pin),
            infra: self.infra.or(lower.infra),
            panel: self.panel.or(lower.panel),
            panel_idle: self.panel_idle.or(lower.panel_idle),
            panel_remote: self.panel_remote.or(lower.panel_remote),
            panel_launch: self.panel_launch.or(lower.panel_launch),
            portal: self.portal.or(lower.portal),
            badge_reader: self.badge_reader.or(lower.badge_reader),
            badge_rule: self.badge_rule.or(lower.badge_rule),
            max_spool: self.max_spool.or(lower.max_spool),
            previews: self.previews.or(lower.previews),
            acme: self.acme.or(lower.acme),
            acme_root: self.acme_root.or(lower.acme_root),
            probe: self.probe.or(lower.probe),
            proxy: self.proxy.or(lower.proxy),
            system_proxy: self.system_proxy.or(lower.system_proxy),
            mail: self.mail.or(lower.mail),
            protect_keys: self.protect_keys.or(lower.protect_keys),
            holder_timeout: self.holder_timeout.or(lower.holder_timeout),
            converter_timeout: self.converter_timeout.or(lower.converter_timeout),
            converter_without_landlock: self
                .converter_without_landlock
                .or(lower.converter_without_landlock),
            passphrase_file: self.passphrase_file.or(lower.passphrase_file),
            log: self.log.or(lower.log),
            log_json: self.log_json.or(lower.log_json),
        }
    }

    /// Reads the file. No file is a layer that says nothing.
    ///
    /// # Errors
    /// [`ConfigError`], which names the file and, where it has one, the line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Read {
            path: path.to_owned(),
            source,
        };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut text = String::new();
        file.take(FILE_LIMIT as u64 + 1)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        if text.len() > FILE_LIMIT {
            return Err(ConfigError::TooLong {
                path: path.to_owned(),
            });
        }
        toml::from_str(&text).map_err(|error| {
            let (line, column) = place(&text, error.span().map_or(0, |span| span.start));
            ConfigError::File {
                path: path.to_owned(),
                line,
                column,
                message: error.message().replace('\n', " "),
            }
        })
    }

    /// Reads the environment through `get`. Lists are separated by commas; an empty variable
    /// counts as unset.
    ///
    /// # Errors
    /// [`ConfigError::Environment`], which names the variable.
    pub fn from_environment(get: impl Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        let from = Environment { get };
        Ok(Self {
            listen: from.list("LISTEN")?,
            join_listen: from.list("JOIN_LISTEN")?,
            announce: from.list("ANNOUNCE")?,
            bootstrap: from.list("BOOTSTRAP")?,
            mdns: from.read("MDNS", switch)?,
            relay: from.read("RELAY", switch)?,
            dht: from.parsed("DHT")?,
            output: from.parsed("OUTPUT")?,
            delivered_is_printed: from.read("DELIVERED_IS_PRINTED", switch)?,
            formats: from.list("FORMATS")?,
            as_image: from.read("AS_IMAGE", switch)?,
            ipp: from.parsed("IPP")?,
            ipp_users: from.parsed("IPP_USERS")?,
            ipp_default_user: from.parsed("IPP_DEFAULT_USER")?,
            ipp_operators: from.list("IPP_OPERATORS")?,
            ipp_domains: from.list("IPP_DOMAINS")?,
            ipp_accounts: from.list("IPP_ACCOUNTS")?,
            internet_pin: from.read("INTERNET_PIN", switch)?,
            infra: from.parsed("INFRA")?,
            panel: from.parsed("PANEL")?,
            panel_idle: from.parsed("PANEL_IDLE")?,
            panel_remote: from.list("PANEL_REMOTE")?,
            panel_launch: from.parsed("PANEL_LAUNCH")?,
            portal: from.parsed("PORTAL")?,
            badge_reader: from.parsed("BADGE_READER")?,
            badge_rule: from.parsed("BADGE_RULE")?,
            max_spool: from.parsed("MAX_SPOOL")?,
            previews: from.read("PREVIEWS", switch)?,
            acme: from.parsed("ACME")?,
            acme_root: from.parsed("ACME_ROOT")?,
            probe: from.read("PROBE", switch)?,
            proxy: from.parsed("PROXY")?,
            system_proxy: from.system_proxy(),
            mail: None,
            protect_keys: from.parsed("PROTECT_KEYS")?,
            holder_timeout: from.parsed("HOLDER_TIMEOUT")?,
            converter_timeout: from.parsed("CONVERTER_TIMEOUT")?,
            converter_without_landlock: from.parsed("CONVERTER_WITHOUT_LANDLOCK")?,
            passphrase_file: from.parsed("PASSPHRASE_FILE")?,
            log: from.parsed("LOG")?,
            log_json: from.read("LOG_JSON", switch)?,
        })
    }
}

/// Variables of ours in an environment.
struct Environment<G> {
    get: G,
}

impl<G: Fn(&str) -> Option<OsString>> Environment<G> {
    fn read<T, E: Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        let variable = format!("{ENVIRONMENT_PREFIX}{name}");
        let Some(value) = (self.get)(&variable).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        let parsed = match value.to_str() {
            Some(text) => parse(text).map_err(|error| error.to_string()),
            None => Err("the value is not UTF-8".to_owned()),
        };
        parsed
            .map(Some)
            .map_err(|message| ConfigError::Environment { variable, message })
    }

    fn parsed<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, ConfigError> {
        self.read(name, str::parse)
    }

    /// What all programs are told. Many of them take a proxy without `http://`, so it counts.
    fn system_proxy(&self) -> Option<SystemProxy> {
        let said = self.either(["HTTPS_PROXY", "https_proxy"])?;
        let said = said.to_str().unwrap_or_default().trim();
        let proxy = match said.contains("://") {
            true => said.parse::<Proxy>(),
            false => format!("http://{said}").parse(),
        };
        let Ok(proxy) = proxy else {
            return Some(SystemProxy::Other);
        };
        let except = self.either(["NO_PROXY", "no_proxy"]).unwrap_or_default();
        Some(SystemProxy::Http(proxy.except(&except.to_string_lossy())))
    }

    /// The first of two variables that says something.
    fn either(&self, variables: [&str; 2]) -> Option<OsString> {
        variables
            .into_iter()
            .find_map(|variable| (self.get)(variable).filter(|value| !value.is_empty()))
    }

    fn list<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<Vec<T>>, ConfigError> {
        self.read(name, |text| {
            text.split(',').map(str::parse).collect::<Result<_, _>>()
        })
    }
}

/// Line and column of a byte, counted from 1.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}
