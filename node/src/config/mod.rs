//! What a node is told before it starts: where its home is and how it is configured.
//!
//! Three layers say the same things with the same words: a flag (`--max-spool`), an environment
//! variable (`PAPERMESH_MAX_SPOOL`) and a line of the file `papermesh.toml` in the home
//! (`max-spool`). Each layer is read into a [`Settings`]; the higher wins, and what nobody says
//! has a default. The result is a [`Config`].
//!
//! Not here: what a multiaddr or an output URI means. Those who use them read them.

mod home;
mod mail;
mod settings;
mod value;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use papermesh_door::Proxy;
use papermesh_protocol::text::UserId;

pub use home::{Home, HomeError, HomeLock};
pub use mail::{AuthservId, MailAccounts, MailHold};
pub use settings::{ConfigError, Settings};
pub use value::{
    Address, ByteSize, DhtMode, KeyProtection, Listen, MediaType, NamedUsers, ProxyChoice,
    SystemProxy, ValueError, Wait,
};

/// Name of the configuration file in the home.
pub const FILE_NAME: &str = "papermesh.toml";
/// The largest configuration file that is read, in bytes.
pub const FILE_LIMIT: usize = 64 * 1024;
/// Every environment variable of ours begins so.
pub const ENVIRONMENT_PREFIX: &str = "PAPERMESH_";
/// What the spool may hold when nobody says otherwise, in bytes.
pub const MAX_SPOOL: u64 = 10 * 1024 * 1024 * 1024;
/// How long a printer waits for one holder when nobody says otherwise.
pub const HOLDER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a converter may give nothing when nobody says otherwise. Shorter than the patience of
/// output devices, so that it is the converter that gets the blame.
pub const CONVERTER_TIMEOUT: Duration = Duration::from_secs(90);
/// Where the hold printer listens when nobody says otherwise: this computer's programs reach it.
pub const IPP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 6310);
/// The accounts that print systems run as when nobody says otherwise: those of CUPS, as systems have
/// them.
pub const IPP_ACCOUNTS: [&str; 3] = ["lp", "cups", "_lp"];
/// Where the infrastructure printer listens when nobody says otherwise: proxies are on other computers.
pub const INFRA: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 6311);
/// Where the panel listens when nobody says otherwise: the screen beside the printer reaches it.
pub const PANEL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8310);
/// Where the portal listens when nobody says otherwise: this computer's browsers reach it.
pub const PORTAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8311);
/// How long a user may do nothing at the panel when nobody says otherwise.
pub const PANEL_IDLE: Duration = Duration::from_secs(60);
/// Which certificate authority is asked when nobody says otherwise: Let's Encrypt.
pub const ACME: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// Where a node listens when nobody says otherwise: every interface, and the port of last time or
/// else any free one.
pub const LISTEN: [&str; 2] = ["/ip4/0.0.0.0/tcp/0", "/ip6/::/tcp/0"];

/// Everything that a node is configured with, after defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Multiaddrs on which the mesh listens.
    pub listen: Vec<String>,
    /// Multiaddrs on which devices that want to join are heard.
    pub join_listen: Vec<String>,
    /// Multiaddrs under which the node is reachable besides those it finds by itself, such as a
    /// forwarded port.
    pub announce: Vec<String>,
    /// Multiaddrs of bootstrap nodes, each with `/p2p/PEER`.
    pub bootstrap: Vec<String>,
    /// Whether members and the site are looked for by mDNS.
    pub mdns: bool,
    /// Whether bootstrap nodes may relay to this node when nobody can dial it.
    pub relay: bool,
    /// Whether the node stores records for others.
    pub dht: DhtMode,
    /// The output device of a printer, as a URI.
    pub output: String,
    /// Whether a document that an output device took whole, and of which it will never say more,
    /// counts as printed; so it is with a raw port. Else its job stays, marked as one that may
    /// have printed.
    pub delivered_is_printed: bool,
    /// The formats that the output device takes, MIME types in lower case; none for what it says
    /// itself.
    pub formats: Option<Vec<String>>,
    /// Whether the output device gets pictures of pages rather than documents; none for what is
    /// known of its model.
    pub as_image: Option<bool>,
    /// Where the hold printer listens.
    pub ipp: Listen,
    /// Whether somebody said so: then a node that cannot have the address does not start.
    pub ipp_demanded: bool,
    /// The users whom programs of this computer mean by the names that they say.
    pub ipp_users: BTreeMap<String, UserId>,
    /// The user whom they mean by any other name.
    pub ipp_default_user: Option<UserId>,
    /// Users who may delete the jobs of others at the hold printer, and stop it.
    pub ipp_operators: Vec<UserId>,
    /// Domains whose names are those of the site's users (`ACME\charlie`, `charlie@acme.example`); if
    /// none is named, every domain.
    pub ipp_domains: Vec<String>,
    /// Accounts of this computer that print systems run as. Their programs say for whom they print;
    /// those of all accounts but these, the node's own and root's need a PIN.
    pub ipp_accounts: Vec<String>,
    /// Whether users' PINs are taken from outside the site, besides print tokens.
    pub internet_pin: bool,
    /// Where the infrastructure printer listens, if that is the output device.
    pub infra: SocketAddr,
    /// Where the panel of a printer listens.
    pub panel: Listen,
    /// Whether somebody said so: then a node that cannot have the address does not start.
    pub panel_demanded: bool,
    /// Where the portal listens, the page of this computer's users: a loopback address.
    pub portal: Listen,
    /// Whether somebody said so: then a node that cannot have the address says so in `doctor`.
    pub portal_demanded: bool,
    /// How long a user may do nothing at the panel before being logged out.
    pub panel_idle: Duration,
    /// Other computers whose browsers are panels, too, such as the printer's own screen. From all
    /// others a browser is a phone that has to be let in.
    pub panel_remote: Vec<IpAddr>,
    /// The file that opens the panel's page on this computer, which is made if it is not there; who
    /// cannot read it is not at the panel. None: every account of this computer is.
    pub panel_launch: Option<PathBuf>,
    /// The badge reader of the panel, such as `pcsc`; none for none.
    pub badge_reader: Option<String>,
    /// How the numbers that it reads become those that are registered; none: as they are.
    pub badge_rule: Option<String>,
    /// Bytes that the spool may hold.
    pub max_spool: u64,
    /// Whether a picture of each held job's first page is made, for its owner to see at the printer.
    pub previews: bool,
    /// The directory of the certificate authority (RFC 8555) for names at gateways; none to ask for none.
    pub acme: Option<String>,
    /// The certificate by which its own is verified, PEM; without one those that this computer trusts.
    pub acme_root: Option<PathBuf>,
    /// Whether this node looks at places of other members' from outside, once a day.
    pub probe: bool,
    /// The HTTP proxy through which gateways are reached where TCP does not get through; none for none.
    pub proxy: Option<Proxy>,
    /// Whether `HTTPS_PROXY` is something else than an HTTP proxy, and would count otherwise.
    pub system_proxy_is_other: bool,
    /// How this node's door is called by mail, how it calls others, and where documents come by mail; none for nothing of it.
    pub mail: Option<MailAccounts>,
    /// Who keeps the key to the node's own keys.
    pub protect_keys: KeyProtection,
    /// How long a printer waits for one holder to be dialed and to answer a login.
    pub holder_timeout: Duration,
    /// How long a converter of documents may give nothing before it is ended.
    pub converter_timeout: Duration,
    /// Whether Ghostscript is started where the kernel has no Landlock, too.
    pub converter_without_landlock: bool,
    /// A file with the passphrase of the authority key, read when the node starts.
    pub passphrase_file: Option<PathBuf>,
    /// What is logged, as a filter of `tracing`; none for the default of the command.
    pub log: Option<String>,
    /// Whether logs are JSON lines.
    pub log_json: bool,
}

impl Config {
    /// Reads the file of `home` and puts the layers over it, the highest first.
    ///
    /// # Errors
    /// [`ConfigError`] if the file cannot be read or says something that is not understood.
    pub fn load(home: &Home, flags: Settings, environment: Settings) -> Result<Self, ConfigError> {
        let file = Settings::read(&home.config_file())?;
        Ok(flags.over(environment).over(file).resolve(home))
    }
}

impl Settings {
    /// Fills in the defaults.
    #[must_use]
    pub fn resolve(self, home: &Home) -> Config {
        Config {
            listen: texts(self.listen).unwrap_or_else(everywhere),
            join_listen: texts(self.join_listen).unwrap_or_else(everywhere),
            announce: texts(self.announce).unwrap_or_default(),
            bootstrap: texts(self.bootstrap).unwrap_or_default(),
            mdns: self.mdns.unwrap_or(true),
            relay: self.relay.unwrap_or(true),
            dht: self.dht.unwrap_or_default(),
            output: self
                .output
                .unwrap_or_else(|| format!("tray:{}", home.tray().display())),
            delivered_is_printed: self.delivered_is_printed.unwrap_or(true),
            formats: self
                .formats
                .map(|all| all.into_iter().map(String::from).collect()),
            as_image: self.as_image,
            ipp: self.ipp.unwrap_or(Listen::At(IPP)),
            ipp_demanded: self.ipp.is_some(),
            ipp_users: self.ipp_users.unwrap_or_default().0,
            ipp_default_user: self.ipp_default_user,
            ipp_operators: self.ipp_operators.unwrap_or_default(),
            ipp_domains: self.ipp_domains.unwrap_or_default(),
            ipp_accounts: (self.ipp_accounts)
                .unwrap_or_else(|| IPP_ACCOUNTS.map(str::to_owned).to_vec()),
            internet_pin: self.internet_pin.unwrap_or(false),
            infra: self.infra.unwrap_or(INFRA),
            panel: self.panel.unwrap_or(Listen::At(PANEL)),
            panel_demanded: self.panel.is_some(),
            portal: self.portal.unwrap_or(Listen::At(PORTAL)),
            portal_demanded: self.portal.is_some(),
            panel_idle: self.panel_idle.map_or(PANEL_IDLE, Wait::duration),
            panel_remote: self.panel_remote.unwrap_or_default(),
            panel_launch: self.panel_launch,
            badge_reader: self.badge_reader,
            badge_rule: self.badge_rule,
            max_spool: self.max_spool.map_or(MAX_SPOOL, ByteSize::bytes),
            previews: self.previews.unwrap_or(true),
            acme: (self.acme).map_or_else(
                || Some(ACME.to_owned()),
                |acme| (acme != "off").then_some(acme),
            ),
            acme_root: self.acme_root,
            probe: self.probe.unwrap_or(true),
            system_proxy_is_other: self.proxy.is_none()
                && self.system_proxy == Some(SystemProxy::Other),
            proxy: match (self.proxy, self.system_proxy) {
                (Some(ProxyChoice::Through(proxy)), _) | (None, Some(SystemProxy::Http(proxy))) => {
                    Some(proxy)
                }
                (Some(ProxyChoice::Off), _) | (None, Some(SystemProxy::Other) | None) => None,
            },
            mail: self.mail,
            protect_keys: self.protect_keys.unwrap_or_default(),
            holder_timeout: self.holder_timeout.map_or(HOLDER_TIMEOUT, Wait::duration),
            converter_timeout: self
                .converter_timeout
                .map_or(CONVERTER_TIMEOUT, Wait::duration),
            converter_without_landlock: self.converter_without_landlock.unwrap_or(false),
            passphrase_file: self.passphrase_file,
            log: self.log,
            log_json: self.log_json.unwrap_or(false),
        }
    }
}

fn texts(addresses: Option<Vec<Address>>) -> Option<Vec<String>> {
    addresses.map(|all| all.into_iter().map(String::from).collect())
}

fn everywhere() -> Vec<String> {
    LISTEN.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::remedy::Remedy;

    use super::*;

    fn home_with(text: &str) -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE_NAME), text).unwrap();
        let home = Home::at(folder.path());
        (folder, home)
    }

    #[test]
    fn the_systems_proxy_counts_where_none_is_said() {
        let (_folder, home) = home_with("");
        let system = |name: &str| match name {
            "https_proxy" => Some("http://ann:secret@proxy.example:3128".into()),
            _ => None,
        };
        let environment = Settings::from_environment(system).unwrap();
        let config = Config::load(&home, Settings::default(), environment.clone()).unwrap();
        let text = format!("{:?}", config.proxy);
        assert!(
            text.contains("proxy.example:3128") && !text.contains("secret"),
            "{text}"
        );

        let (_folder, home) = home_with("proxy = 'off'\n");
        let config = Config::load(&home, Settings::default(), environment).unwrap();
        assert_eq!(config.proxy, None);

        // One of another kind is for other programs; in our own setting it is a mistake, and no password is repeated.
        let socks =
            |name: &str| (name == "HTTPS_PROXY").then(|| "socks5://proxy.example:1080".into());
        let environment = Settings::from_environment(socks).unwrap();
        let config = Config::load(&home, Settings::default(), environment.clone()).unwrap();
        assert_eq!(config.proxy, None);
        assert!(!config.system_proxy_is_other);
        let (_folder, home) = home_with("");
        let config = Config::load(&home, Settings::default(), environment).unwrap();
        assert_eq!(config.proxy, None);
        assert!(config.system_proxy_is_other);

        // Other programs take one without a scheme.
        let bare = |name: &str| (name == "HTTPS_PROXY").then(|| "proxy.example:3128".into());
        let environment = Settings::from_environment(bare).unwrap();
        let expected = "http://proxy.example:3128".parse().unwrap();
        assert_eq!(environment.system_proxy, Some(SystemProxy::Http(expected)));
        let wrong = |name: &str| {
            (name == "PAPERMESH_PROXY").then(|| "ann:secret@proxy.example:3128".into())
        };
        let error = Settings::from_environment(wrong).unwrap_err().to_string();
        assert!(
            error.contains("PAPERMESH_PROXY") && !error.contains("secret"),
            "{error}"
        );
    }

    #[test]
    fn a_flag_beats_the_environment_and_that_beats_the_file() {
        let (_folder, home) = home_with(
            "listen = ['/ip4/10.0.0.1/tcp/1']\nmax-spool = '1GiB'\nmdns = false\npreviews = false\noutput = 'tray:out'\n",
        );
        let environment = Settings::from_environment(|name| match name {
            "PAPERMESH_DELIVERED_IS_PRINTED" => Some("no".into()),
            "PAPERMESH_LISTEN" => Some("/ip4/10.0.0.2/tcp/2,/ip4/10.0.0.2/tcp/3".into()),
            "PAPERMESH_MAX_SPOOL" => Some("2GiB".into()),
            _ => None,
        })
        .unwrap();
        let flags = Settings {
            max_spool: Some("3GiB".parse().unwrap()),
            ..Settings::default()
        };

        let config = Config::load(&home, flags, environment).unwrap();
        assert_eq!(config.max_spool, 3 << 30);
        assert_eq!(
            config.listen,
            ["/ip4/10.0.0.2/tcp/2", "/ip4/10.0.0.2/tcp/3"]
        );
        assert!(!config.mdns && !config.delivered_is_printed && !config.previews);
        assert_eq!(config.output, "tray:out");
    }

    #[test]
    fn nothing_said_means_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let config = Config::load(&home, Settings::default(), Settings::default()).unwrap();
        assert_eq!(config.listen, LISTEN);
        assert!(config.mdns && config.relay && config.delivered_is_printed && config.previews);
        assert_eq!(config.dht, DhtMode::Server);
        assert_eq!(
            config.output,
            format!("tray:{}", folder.path().join("tray").display())
        );
        assert_eq!((config.ipp, config.ipp_demanded), (Listen::At(IPP), false));
        assert_eq!(
            (config.panel, config.panel_demanded),
            (Listen::At(PANEL), false)
        );
        assert_eq!(
            (config.portal, config.portal_demanded),
            (Listen::At(PORTAL), false)
        );
        assert_eq!((config.badge_reader, config.passphrase_file), (None, None));
    }

    #[test]
    fn mistakes_name_file_line_and_remedy() {
        for (text, expected) in [
            (
                "mdns = true\nlissten = []\n",
                "papermesh.toml:2:1: unknown field `lissten`",
            ),
            (
                "\nmax-spool = 'much'\n",
                "papermesh.toml:2:13: \"much\" is not a size",
            ),
            (
                "listen = ['10.0.0.1:5']\n",
                "papermesh.toml:1:10: \"10.0.0.1:5\" is not a multiaddr",
            ),
            (
                "holder-timeout = '5'\n",
                "papermesh.toml:1:18: \"5\" is not a duration",
            ),
            (
                "mdns = 'maybe'\n",
                "papermesh.toml:1:8: invalid type: string \"maybe\"",
            ),
            (
                "ipp = 'nowhere'\n",
                "papermesh.toml:1:7: \"nowhere\" is not an address to listen on",
            ),
        ] {
            let (_folder, home) = home_with(text);
            let error = Config::load(&home, Settings::default(), Settings::default()).unwrap_err();
            let words = error.to_string();
            assert!(words.contains(expected), "{words}\nlacks {expected}");
            assert_eq!(
                error.remedy().as_deref(),
                Some("correct the line or remove it")
            );
        }
    }

    #[test]
    fn mistakes_in_the_environment_name_the_variable() {
        let error =
            Settings::from_environment(|name| (name == "PAPERMESH_MDNS").then(|| "perhaps".into()))
                .unwrap_err()
                .to_string();
        assert!(error.starts_with("PAPERMESH_MDNS: \"perhaps\""), "{error}");
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let (_folder, home) = home_with(&"#".repeat(FILE_LIMIT + 1));
        assert!(matches!(
            Config::load(&home, Settings::default(), Settings::default()),
            Err(ConfigError::TooLong { .. })
        ));
    }
}
