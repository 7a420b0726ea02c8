//! A mail account: where its server is, and what opens it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

use crate::error::{MailError, SecretError};

/// The longest secret, in bytes. Tokens of some providers have four thousand.
const SECRET: u64 = 16 * 1024;

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte on (RFC 8314).
    #[default]
    Tls,
    /// TLS after a word in clear: STARTTLS (RFC 3207, RFC 3501 §6.2.1), STLS (RFC 2595 §4).
    StartTls,
    /// Nothing. To this computer alone.
    None,
}

/// An account at a mail server. Whether to send or to read says where it is used.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Account {
    /// The server's host name, for which its certificate must be.
    pub server: String,
    /// Its port; without one that of the protocol and the protection.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: Security,
    /// The name that the server knows.
    pub user: String,
    /// What opens it. A relay on this computer may want none.
    pub credential: Credential,
}

/// An account as it stands in a configuration file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    server: String,
    port: Option<u16>,
    #[serde(default)]
    security: Security,
    #[serde(default)]
    user: String,
    password_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
}

/// Settings that are no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Two ways to log in.
    #[error("an account has a password-file or a token-file, not both")]
    Both,
    /// A way to log in, and nobody who does.
    #[error("an account with a password-file or a token-file has a user")]
    NoUser,
}

impl TryFrom<Written> for Account {
    type Error = AccountError;
    fn try_from(written: Written) -> Result<Self, AccountError> {
        let credential = match (written.password_file, written.token_file) {
            (Some(_), Some(_)) => return Err(AccountError::Both),
            (Some(password), None) => Credential::PasswordFile(password),
            (None, Some(token)) => Credential::TokenFile(token),
            (None, None) => Credential::None,
        };
        if written.user.is_empty() && credential != Credential::None {
            return Err(AccountError::NoUser);
        }
        Ok(Self {
            server: written.server,
            port: written.port,
            security: written.security,
            user: written.user,
            credential,
        })
    }
}

/// What opens an account: the file in which it stands, read anew for each log-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// Nothing: the account is for whoever reaches the server.
    #[default]
    None,
    /// A password.
    PasswordFile(PathBuf),
    /// An access token for XOAUTH2, which somebody else renews.
    TokenFile(PathBuf),
}

/// A password or token. Wiped when it is dropped, and never shown.
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What is shown to a server.
#[derive(Debug)]
pub(crate) enum Login {
    /// Nothing.
    None,
    /// User and password.
    Password(Secret),
    /// A token.
    Token(Secret),
}

impl Account {
    /// Where it is, for people.
    pub(crate) fn at(&self, port: u16) -> String {
        format!("{}:{}", self.server, self.port.unwrap_or(port))
    }

    /// What opens it, as it stands in its file now.
    ///
    /// # Errors
    /// [`MailError::Secret`].
    pub(crate) async fn login(&self) -> Result<Login, MailError> {
        Ok(match &self.credential {
            Credential::None => Login::None,
            Credential::PasswordFile(path) => Login::Password(read(path).await?),
            Credential::TokenFile(path) => Login::Token(read(path).await?),
        })
    }
}

/// What XOAUTH2 says first.
pub(crate) fn xoauth2(user: &str, token: &Secret) -> Zeroizing<String> {
    Zeroizing::new(format!(
        "user={user}\x01auth=Bearer {}\x01\x01",
        token.expose()
    ))
}

async fn read(path: &Path) -> Result<Secret, MailError> {
    let refuse = |why| MailError::Secret {
        path: path.to_owned(),
        why,
    };
    let unreadable = |error: std::io::Error| refuse(SecretError::Unreadable(error.kind()));
    let file = File::open(path).await.map_err(unreadable)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file
            .metadata()
            .await
            .map_err(unreadable)?
            .permissions()
            .mode();
        if mode & 0o007 != 0 {
            return Err(refuse(SecretError::Open));
        }
    }
    // With room for all of it, so that no part stays behind in memory that is freed.
    let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET as usize + 1));
    let mut file = file.take(SECRET + 1);
    file.read_to_end(&mut bytes).await.map_err(unreadable)?;
    if bytes.len() as u64 > SECRET {
        return Err(refuse(SecretError::Malformed));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| refuse(SecretError::Malformed))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() || text.chars().any(|c| c.is_control()) {
        return Err(refuse(SecretError::Malformed));
    }
    Ok(Secret(Zeroizing::new(text.to_owned())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::remedy::Remedy;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn account(text: &str) -> Account {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn an_account_is_as_long_as_it_has_to_be() {
        let account =
            account("server = \"mail.acme.example\"\nuser = \"hall\"\npassword-file = \"/p\"");
        assert_eq!(account.security, Security::Tls);
        assert_eq!(account.at(993), "mail.acme.example:993");
        assert_eq!(account.credential, Credential::PasswordFile("/p".into()));
        for wrong in [
            "server = \"a\"\npassword-file = \"/p\"",
            "server = \"a\"\nuser = \"b\"\npassword-file = \"/p\"\ntoken-file = \"/t\"",
            "server = \"a\"\npassword = \"in clear\"",
        ] {
            assert!(toml::from_str::<Account>(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_secret_is_one_line_that_not_everybody_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let token = Account {
            credential: Credential::TokenFile(path.clone()),
            ..account("server = \"localhost\"\nuser = \"hall\"")
        };
        let missing = token.login().await.unwrap_err();
        assert!(missing.remedy().unwrap().starts_with("put it there"));
        std::fs::write(&path, "s3cret\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let open = token.login().await.unwrap_err();
        assert!(open.remedy().unwrap().starts_with("run `chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let login = token.login().await.unwrap();
        let Login::Token(secret) = &login else {
            unreachable!("a token was asked for");
        };
        assert_eq!(
            *xoauth2("hall", secret),
            "user=hall\x01auth=Bearer s3cret\x01\x01"
        );
        assert!(!format!("{login:?}").contains("s3cret"));
        std::fs::write(&path, "two\nlines\n").unwrap();
        assert!(token.login().await.is_err());
    }
}
