//! Few questions to DNS, with a limit on each: where a name leads, and what its owner says of it.
//!
//! This crate may know names and answers. It knows no site and no gateway, and judges nothing. What it is told is no more
//! than the resolver that it asks is worth: signatures (DNSSEC) are verified there or not at all.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use tokio::time::timeout;

/// How long one question may take, with all that is asked again.
const QUESTION: Duration = Duration::from_secs(10);
/// How long one server may take.
const SERVER: Duration = Duration::from_secs(3);
/// Lines of an answer. One with more is none: what is not read could say the opposite.
const ANSWERS: usize = 64;
/// Bytes of one text that are read.
const TEXT: usize = 1024;

/// Asks DNS; cheap to clone.
#[derive(Clone)]
pub struct Dns(TokioResolver);

/// One line of who may certify a name (CAA, RFC 8659 section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certifier {
    /// Whether an authority that does not know the tag certifies nothing.
    pub is_critical: bool,
    /// What kind of line it is, in lower case.
    pub tag: String,
    /// What it says.
    pub value: String,
}

/// Why there is no answer. That a name has nothing of a kind is an answer.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// There is no resolver to ask.
    #[error("this computer has no DNS servers that could be asked: {0}")]
    Config(String),
    /// It does not answer.
    #[error("DNS does not answer for {name}: {why}")]
    NoAnswer {
        /// What was asked for.
        name: String,
        /// What is in the way.
        why: String,
    },
}

impl Dns {
    /// Asks these servers or, without any, those that this computer is set to ask. Nothing is remembered and the file of
    /// hosts is not read: what others see counts.
    ///
    /// # Errors
    /// [`DnsError::Config`].
    pub fn new(servers: &[SocketAddr]) -> Result<Self, DnsError> {
        let config = |error: NetError| DnsError::Config(error.to_string());
        let mut builder = match servers {
            [] => TokioResolver::builder_tokio().map_err(config)?,
            servers => {
                let servers = servers.iter().map(|server| {
                    let mut of = NameServerConfig::udp_and_tcp(server.ip());
                    for connection in &mut of.connections {
                        connection.port = server.port();
                    }
                    of
                });
                let all = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
                TokioResolver::builder_with_config(all, TokioRuntimeProvider::default())
            }
        };
        limit(builder.options_mut());
        builder.build().map(Self).map_err(config)
    }

    /// The addresses of a name, IPv4 and IPv6; none if it has none.
    ///
    /// # Errors
    /// [`DnsError::NoAnswer`] unless both kinds were answered.
    pub async fn addresses(&self, name: &str) -> Result<BTreeSet<IpAddr>, DnsError> {
        let (four, six) = tokio::join!(
            self.ask(name, RecordType::A),
            self.ask(name, RecordType::AAAA)
        );
        let all = four?.into_iter().chain(six?);
        let addresses = all.filter_map(|data| match data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        });
        Ok(addresses.collect())
    }

    /// The texts at a name (TXT), each as one; none if it has none.
    ///
    /// # Errors
    /// [`DnsError::NoAnswer`].
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let all = self.ask(name, RecordType::TXT).await?.into_iter();
        let texts = all.filter_map(|data| match data {
            RData::TXT(text) => {
                let bytes: Vec<u8> = text
                    .txt_data
                    .iter()
                    .flat_map(|part| part.to_vec())
                    .collect();
                let bytes = bytes.get(..TEXT).unwrap_or(&bytes);
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
            _ => None,
        });
        Ok(texts.collect())
    }

    /// Who may certify a name (CAA, RFC 8659); none if it says nothing. What counts for names above it is not asked. Of
    /// an alias it is what the name says that it stands for: see [`Dns::alias`].
    ///
    /// # Errors
    /// [`DnsError::NoAnswer`].
    pub async fn certifiers(&self, name: &str) -> Result<Vec<Certifier>, DnsError> {
        let all = self.ask(name, RecordType::CAA).await?.into_iter();
        let lines = all.filter_map(|data| match data {
            RData::CAA(of) => {
                let value = of.value.get(..TEXT).unwrap_or(&of.value);
                Some(Certifier {
                    is_critical: of.issuer_critical,
                    tag: of.tag.to_ascii_lowercase(),
                    value: String::from_utf8_lossy(value).into_owned(),
                })
            }
            _ => None,
        });
        Ok(lines.collect())
    }

    /// The name that this one stands for (CNAME), if it is an alias.
    ///
    /// # Errors
    /// [`DnsError::NoAnswer`].
    pub async fn alias(&self, name: &str) -> Result<Option<String>, DnsError> {
        let all = self.ask(name, RecordType::CNAME).await?.into_iter();
        let mut aliases = all.filter_map(|data| match data {
            RData::CNAME(of) => Some(of.to_string()),
            _ => None,
        });
        Ok(aliases.next())
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, DnsError> {
        let no_answer = |why: String| DnsError::NoAnswer {
            name: name.to_owned(),
            why,
        };
        // With a dot at its end it is looked for as it stands.
        let asking = self.0.lookup(format!("{name}."), kind);
        match timeout(QUESTION, asking).await {
            Err(_) => Err(no_answer("it took too long".to_owned())),
            Ok(Ok(answer)) => lines(answer.answers())
                .ok_or_else(|| no_answer(format!("it says more than {ANSWERS} lines"))),
            Ok(Err(error)) if is_nothing(&error) => Ok(Vec::new()),
            Ok(Err(error)) => Err(no_answer(error.to_string())),
        }
    }
}

/// The lines of an answer; none of one that says too much.
fn lines(answers: &[Record]) -> Option<Vec<RData>> {
    let data = |record: &Record| record.data.clone();
    (answers.len() <= ANSWERS).then(|| answers.iter().map(data).collect())
}

/// Whether the answer is that there is nothing, which only these two say (RFC 2308 section 2).
fn is_nothing(error: &NetError) -> bool {
    use hickory_resolver::net::DnsError::NoRecordsFound;
    use hickory_resolver::proto::op::ResponseCode::{NXDomain, NoError};
    matches!(error, NetError::Dns(NoRecordsFound(none)) if matches!(none.response_code, NXDomain | NoError))
}

fn limit(options: &mut ResolverOpts) {
    options.timeout = SERVER;
    options.attempts = 2;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.edns0 = true;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::Ipv4Addr;

    use hickory_resolver::proto::rr::Name;
    use hickory_resolver::proto::rr::rdata::A;

    use super::*;

    #[test]
    fn an_answer_is_read_whole_or_not_at_all() {
        let name: Name = "print.acme.example.".parse().unwrap();
        let address = RData::A(A(Ipv4Addr::LOCALHOST));
        let record = Record::from_rdata(name, 60, address);
        assert_eq!(lines(&[]).unwrap().len(), 0);
        let most = vec![record.clone(); ANSWERS];
        assert_eq!(lines(&most).unwrap().len(), ANSWERS);
        let more = [most, vec![record]].concat();
        assert_eq!(lines(&more), None);
    }
}
