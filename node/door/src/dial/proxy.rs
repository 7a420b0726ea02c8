//! A connection through an HTTP proxy: `CONNECT` (RFC 9110 section 9.3.6).

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use data_encoding::BASE64;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use papermesh_protocol::remedy::Remedy;
use percent_encoding::percent_decode_str;
use tokio::task::JoinSet;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{Connection, tcp};

/// How long a proxy may take to answer: it dials meanwhile.
const ANSWER: Duration = Duration::from_secs(20);
/// The longest head of its answer, in bytes.
const HEAD_SIZE: usize = 16 * 1024;
/// Headers in it.
const HEADERS: usize = 64;
/// The longest text of one that is read.
const TEXT: usize = 1024;

/// An HTTP proxy: `http://[USER:PASSWORD@]HOST:PORT`. The password is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    host: String,
    port: u16,
    /// User and password as HTTP Basic sends them (RFC 7617).
    credentials: Option<Zeroizing<String>>,
    /// Whose names go without it.
    except: Except,
}

/// Names that go without a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Except {
    all: bool,
    /// In lower case. Each is meant with all below it.
    domains: Vec<String>,
}

impl Except {
    fn has(&self, domain: &str) -> bool {
        let domain = domain.to_ascii_lowercase();
        let is_within = |of: &String| {
            let above = domain.strip_suffix(of.as_str());
            above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
        };
        self.all || self.domains.iter().any(is_within)
    }
}

impl Proxy {
    /// The same, but not for these, written as the variable `NO_PROXY` has them: domains with commas between, of which
    /// each is meant with all below it, or `*` for all. What else may stand there, such as addresses, has no names of
    /// gateways.
    #[must_use]
    pub fn except(mut self, names: &str) -> Self {
        for name in names.split(',').map(str::trim) {
            if name == "*" {
                self.except.all = true;
            }
            let name = name.strip_prefix('*').unwrap_or(name);
            let name = name.trim_matches('.').to_ascii_lowercase();
            if !name.is_empty() {
                self.except.domains.push(name);
            }
        }
        self
    }

    /// Whether one goes through it to this domain.
    pub(super) fn serves(&self, domain: &str) -> bool {
        !self.except.has(domain)
    }
}

/// A text is no proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no HTTP proxy")]
pub struct ProxyTextError;

impl Remedy for ProxyTextError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some("write http://host:port, or http://user:password@host:port".into())
    }
}

impl FromStr for Proxy {
    type Err = ProxyTextError;
    fn from_str(text: &str) -> Result<Self, ProxyTextError> {
        if text.len() > TEXT {
            return Err(ProxyTextError);
        }
        let rest = text.strip_prefix("http://").ok_or(ProxyTextError)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, at) = match rest.rsplit_once('@') {
            Some((user, at)) => (Some(user), at),
            None => (None, rest),
        };
        let (host, port) = at.rsplit_once(':').ok_or(ProxyTextError)?;
        let port = port.parse().ok().filter(|port| *port != 0);
        // An IPv6 address stands in brackets.
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(address) => address,
            None if host.contains(':') => return Err(ProxyTextError),
            None => host,
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || !host.chars().all(is_host) {
            return Err(ProxyTextError);
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.ok_or(ProxyTextError)?,
            credentials: user.map(basic).transpose()?,
            except: Except::default(),
        })
    }
}

/// What HTTP Basic sends for `USER:PASSWORD`, in which either may have escapes.
fn basic(user: &str) -> Result<Zeroizing<String>, ProxyTextError> {
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let mut both = Zeroizing::new(percent_decode_str(user).collect::<Vec<u8>>());
    // The first colon is the end of the user.
    if both.is_empty() || both.contains(&b':') {
        return Err(ProxyTextError);
    }
    both.push(b':');
    both.extend(percent_decode_str(password));
    Ok(Zeroizing::new(BASE64.encode(&both)))
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// Why a proxy lets nothing through.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// It cannot be reached.
    #[error("cannot reach the proxy {proxy}: {source}")]
    Unreachable {
        /// The proxy.
        proxy: String,
        /// The cause.
        source: io::Error,
    },
    /// What answers there is no proxy, or it hung up.
    #[error("the proxy {proxy} does not answer as one: {source}")]
    NoProxy {
        /// The proxy.
        proxy: String,
        /// The cause.
        source: hyper::Error,
    },
    /// It took too long.
    #[error("the proxy {proxy} did not answer within {} seconds", ANSWER.as_secs())]
    Timeout {
        /// The proxy.
        proxy: String,
    },
    /// 407, and it was told nobody.
    #[error("the proxy {proxy} wants a user and a password")]
    WantsUser {
        /// The proxy.
        proxy: String,
    },
    /// 407, and it was told somebody.
    #[error("the proxy {proxy} does not take the user or the password")]
    WrongUser {
        /// The proxy.
        proxy: String,
    },
    /// 403, 405 and the like.
    #[error("the proxy {proxy} forbids connections to {target}")]
    Forbidden {
        /// The proxy.
        proxy: String,
        /// Host and port.
        target: String,
    },
    /// 502, 503, 504.
    #[error("the proxy {proxy} cannot reach {target}")]
    Beyond {
        /// The proxy.
        proxy: String,
        /// Host and port.
        target: String,
    },
    /// Anything else.
    #[error("the proxy {proxy} answers with the status {status}")]
    Other {
        /// The proxy.
        proxy: String,
        /// The status.
        status: u16,
    },
}

impl Remedy for ProxyError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Unreachable { .. } | Self::NoProxy { .. } | Self::Timeout { .. } => {
                "correct `proxy` in papermesh.toml, or HTTPS_PROXY".into()
            }
            Self::WantsUser { .. } | Self::WrongUser { .. } => {
                "write them into `proxy` in papermesh.toml, http://user:password@host:port".into()
            }
            Self::Forbidden { target, .. } => {
                format!("ask whoever runs it to let CONNECT to {target} through").into()
            }
            Self::Beyond { target, .. } => {
                format!("ask whoever runs it why it does not reach {target}").into()
            }
            Self::Other { .. } => "ask whoever runs it".into(),
        })
    }
}

/// Connects to a host through a proxy.
pub(super) async fn tunnel(
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<impl Connection + use<>, ProxyError> {
    let named = proxy.to_string();
    let unreachable = |source| ProxyError::Unreachable {
        proxy: named.clone(),
        source,
    };
    let no_proxy = |source| ProxyError::NoProxy {
        proxy: named.clone(),
        source,
    };
    let stream = tcp::open(&proxy.host, proxy.port)
        .await
        .map_err(unreachable)?;
    let target = format!("{host}:{port}");
    let request = request(proxy, &target).ok_or(ProxyError::Forbidden {
        proxy: named.clone(),
        target: target.clone(),
    })?;
    let opened = async {
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_SIZE)
            .max_headers(HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(no_proxy)?;
        // It ends with this function, or when the connection is handed over.
        let mut driving = JoinSet::new();
        driving.spawn(connection.with_upgrades());
        let answer = sender.send_request(request).await.map_err(no_proxy)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(refused(proxy, target, status));
        }
        let upgraded = hyper::upgrade::on(answer).await.map_err(no_proxy)?;
        Ok(TokioIo::new(upgraded))
    };
    timeout(ANSWER, opened)
        .await
        .map_err(|_| ProxyError::Timeout {
            proxy: named.clone(),
        })?
}

fn request(proxy: &Proxy, target: &str) -> Option<Request<Empty<Bytes>>> {
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(target)
        .header(HOST, target);
    if let Some(credentials) = &proxy.credentials {
        let value = Zeroizing::new(format!("Basic {}", **credentials));
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        request = request.header(PROXY_AUTHORIZATION, value);
    }
    request.body(Empty::new()).ok()
}

fn refused(proxy: &Proxy, target: String, status: StatusCode) -> ProxyError {
    let named = proxy.to_string();
    match status {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => match proxy.credentials {
            Some(_) => ProxyError::WrongUser { proxy: named },
            None => ProxyError::WantsUser { proxy: named },
        },
        StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
            ProxyError::Forbidden {
                proxy: named,
                target,
            }
        }
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            ProxyError::Beyond {
                proxy: named,
                target,
            }
        }
        _ => ProxyError::Other {
            proxy: named,
            status: status.as_u16(),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_proxy_is_written_in_one_way_and_shows_no_password() {
        let proxy: Proxy = "http://ann:p%40ss:word@proxy.example:3128/"
            .parse()
            .unwrap();
        assert_eq!(
            format!("{proxy} {proxy:?}"),
            "proxy.example:3128 Proxy(proxy.example:3128)"
        );
        let sent = proxy.credentials.as_ref().unwrap();
        assert_eq!(BASE64.decode(sent.as_bytes()).unwrap(), b"ann:p@ss:word");
        let six: Proxy = "http://[2001:db8::1]:8080".parse().unwrap();
        assert_eq!((six.host.as_str(), six.port), ("2001:db8::1", 8080));
        assert_eq!(six.to_string(), "[2001:db8::1]:8080");
        for text in [
            "",
            "proxy.example:3128",
            "https://proxy.example:3128",
            "http://proxy.example",
            "http://proxy.example:0",
            "http://proxy.example:65536",
            "http://:3128",
            "http://2001:db8::1:3128",
            "http://proxy.example:3128/path",
            "http://@proxy.example:3128",
            "http://a%3Ab:c@proxy.example:3128",
            "http://two words:3128",
        ] {
            assert!(text.parse::<Proxy>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_go_without_a_proxy() {
        let proxy: Proxy = "http://proxy.example:3128".parse().unwrap();
        assert!(proxy.serves("gw.example"));
        let proxy = proxy.except("localhost, .Acme.example,10.0.0.0/8, *.other.example,");
        for (domain, is_through) in [
            ("gw.example", true),
            ("gw.acme.example", false),
            ("acme.EXAMPLE", false),
            ("acme.example.org", true),
            ("notacme.example", true),
            ("gw.other.example", false),
            ("localhost", false),
        ] {
            assert_eq!(proxy.serves(domain), is_through, "{domain}");
        }
        assert!(!proxy.except("*").serves("gw.example"));
    }

    /// What becomes of a request that is answered so, and what the request was.
    async fn answered(answer: &str, user: &str) -> (Result<Vec<u8>, ProxyError>, String) {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let proxy: Proxy = format!("http://{user}127.0.0.1:{port}").parse().unwrap();
        let serving = async {
            let (mut stream, _) = socket.accept().await.unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                asked.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            String::from_utf8(asked).unwrap()
        };
        let dialing = async {
            let mut stream = tunnel(&proxy, "gw.example", 443).await?;
            let mut came = Vec::new();
            stream.read_to_end(&mut came).await.unwrap();
            Ok(came)
        };
        tokio::join!(dialing, serving)
    }

    #[tokio::test]
    async fn a_proxy_lets_through_or_says_why_not() {
        let answer = "HTTP/1.1 200 Connection established\r\n\r\nbytes of the gateway";
        let (came, asked) = answered(answer, "ann:secret@").await;
        assert_eq!(came.unwrap(), b"bytes of the gateway");
        assert!(
            asked.starts_with("CONNECT gw.example:443 HTTP/1.1\r\n"),
            "{asked}"
        );
        assert!(
            asked.contains("\r\nproxy-authorization: Basic YW5uOnNlY3JldA==\r\n"),
            "{asked}"
        );
        let status = |status| format!("HTTP/1.1 {status} x\r\nContent-Length: 3\r\n\r\nno\n");
        for (code, user, said, remedy) in [
            (
                407,
                "",
                "wants a user and a password",
                "http://user:password@",
            ),
            (
                407,
                "ann:secret@",
                "does not take the user",
                "http://user:password@",
            ),
            (
                403,
                "",
                "forbids connections to gw.example:443",
                "CONNECT to gw.example:443",
            ),
            (
                405,
                "",
                "forbids connections to gw.example:443",
                "CONNECT to gw.example:443",
            ),
            (
                502,
                "",
                "cannot reach gw.example:443",
                "does not reach gw.example:443",
            ),
            (418, "", "status 418", "ask whoever runs it"),
        ] {
            let (came, asked) = answered(&status(code), user).await;
            let error = came.unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
            assert!(error.remedy().unwrap().contains(remedy), "{error:?}");
            assert_eq!(user.is_empty(), !asked.contains("authorization"), "{asked}");
        }
        let (came, _) = answered("220 mail.example ESMTP\r\n", "").await;
        assert!(matches!(came, Err(ProxyError::NoProxy { .. })));
    }
}
