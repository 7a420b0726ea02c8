//! The way to a printer: encrypted where there is any, and which kind of it.
//!
//! Lives here: the first handshake, and what a failed one means. Not here: HTTP (`transport.rs`),
//! certificates (`trust.rs`).
//!
//! Most printers that take IPP without encryption take it with, at the same port. So that is tried
//! first, also for `ipp://`; not on this computer, where nobody can listen in. What was reached
//! encrypted once is never spoken to in clear again: its pin stands for that.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::super::description::{DeviceError, Protection};
use super::super::pins::PinError;
use super::super::text::{MAX_DEVICE_TEXT, printable};
use super::super::uri::{IppAddress, is_here};
use super::certificate::Weakness;
use super::trust::{Era, ShortKey, Trust, cause, client_config, verdict};

/// How long a connection may take, TLS included. Printers that sleep take long to take one.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(20);

/// How long a printer that need not speak TLS may take to show that it does: what speaks only HTTP
/// waits for the end of a line that never comes.
const TRIAL_LIMIT: Duration = Duration::from_secs(5);

/// How messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// In clear.
    Plain,
    /// Inside TLS.
    Encrypted(Era),
}

/// A printer's address, and what is known of the way there.
#[derive(Debug)]
pub(super) struct Reach {
    address: IppAddress,
    trust: Arc<Trust>,
    limit: Duration,
    way: Mutex<Option<Way>>,
    /// One trial at a time.
    trying: tokio::sync::Mutex<()>,
}

impl Reach {
    pub(super) fn new(address: IppAddress, trust: Arc<Trust>, limit: Duration) -> Self {
        let known = (!address.tls && is_here(&address.host)).then_some(Way::Plain);
        Self {
            address,
            trust,
            limit: CONNECT_LIMIT.min(limit),
            way: Mutex::new(known),
            trying: tokio::sync::Mutex::default(),
        }
    }

    /// Whether the printer is on this computer.
    pub(super) fn is_here(&self) -> bool {
        is_here(&self.address.host)
    }

    /// The way, found out now if it is not known. The trial goes on though its caller may not wait
    /// for its end.
    pub(super) async fn way(self: &Arc<Self>) -> Result<Way, DeviceError> {
        if let Some(way) = self.known() {
            return Ok(way);
        }
        let trying = Arc::clone(self);
        let tried = tokio::spawn(async move {
            let _one = trying.trying.lock().await;
            match trying.known() {
                Some(way) => Ok(way),
                None => trying.find_out().await,
            }
        });
        tried
            .await
            .unwrap_or_else(|error| Err(self.broken(&error.to_string())))
    }

    /// Finds the way out anew next time: the printer may be another one by then, or set up anew.
    pub(super) fn forget(&self) {
        if self.address.tls || !self.is_here() {
            *self.way.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// How well what travels is protected; none if nothing has traveled yet.
    pub(super) fn protection(&self) -> Option<Protection> {
        Some(match self.known()? {
            Way::Plain if self.is_here() => Protection::Local,
            Way::Plain => Protection::None,
            Way::Encrypted(_) => {
                let weaknesses = self.trust.weaknesses();
                Protection::Encrypted {
                    weak: weaknesses.iter().map(Weakness::to_string).collect(),
                }
            }
        })
    }

    fn known(&self) -> Option<Way> {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn find_out(&self) -> Result<Way, DeviceError> {
        let way = match self.shake_hands(Era::Today).await {
            Err(Failed::ShortKey) => self
                .shake_hands(Era::Old)
                .await
                .map(|()| Way::Encrypted(Era::Old)),
            today => today.map(|()| Way::Encrypted(Era::Today)),
        };
        let way = match way {
            Ok(way) => way,
            Err(Failed::Final(error)) => return Err(error),
            Err(Failed::NoTls(why)) if self.address.tls => return Err(self.no_encryption(why)),
            Err(Failed::NoTls(why)) => {
                if let Some(pinned) = self.trust.pinned()? {
                    return Err(DeviceError::Pin(PinError::Unencrypted {
                        authority: self.address.authority(),
                        pinned,
                        remedy: self.trust.how_to_forget(),
                    }));
                }
                tracing::info!(printer = %self.address, %why, "printing without encryption");
                Way::Plain
            }
            Err(Failed::ShortKey) => return Err(self.no_encryption(ShortKey.to_string())),
        };
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = Some(way);
        Ok(way)
    }

    async fn shake_hands(&self, era: Era) -> Result<(), Failed> {
        let (host, port) = (self.address.host.as_str(), self.address.port);
        let connecting = TcpStream::connect((host, port));
        let stream = match tokio::time::timeout(self.limit, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Failed::Final(self.unreachable(&error.to_string()))),
            Err(_) => {
                let why = format!("no connection within {} seconds", self.limit.as_secs());
                return Err(Failed::Final(self.unreachable(&why)));
            }
        };
        let name = ServerName::try_from(host.to_owned())
            .or_else(|_| ServerName::try_from("printer"))
            .map_err(|error| Failed::Final(self.broken(&error.to_string())))?;
        let config = client_config(Arc::clone(&self.trust), era)
            .map_err(|error| Failed::Final(self.broken(&error.to_string())))?;
        let limit = if self.address.tls {
            self.limit
        } else {
            TRIAL_LIMIT.min(self.limit)
        };
        let shaking = TlsConnector::from(Arc::new(config)).connect(name, stream);
        match tokio::time::timeout(limit, shaking).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_) => Err(Failed::NoTls(format!(
                "it does not answer within {} seconds when TLS starts",
                limit.as_secs()
            ))),
        }
    }

    fn failed(&self, error: &io::Error) -> Failed {
        let Some(error) = cause::<rustls::Error>(error) else {
            return Failed::NoTls("it closes the connection when TLS starts".to_owned());
        };
        match self.verdict(error) {
            Some(error) => Failed::Final(error),
            None if verdict::<ShortKey>(error).is_some() => Failed::ShortKey,
            None => Failed::NoTls(no_tls(error)),
        }
    }

    /// What an error of TLS says if it is about who the printer is.
    pub(super) fn verdict(&self, error: &rustls::Error) -> Option<DeviceError> {
        verdict::<PinError>(error).map(DeviceError::Pin)
    }

    /// The error of a printer that does not speak TLS as this node does.
    pub(super) fn no_encryption(&self, why: String) -> DeviceError {
        DeviceError::NoEncryption {
            device: self.address.authority(),
            why,
        }
    }

    /// The error of a printer that takes no connection.
    pub(super) fn unreachable(&self, why: &str) -> DeviceError {
        let device = self.address.authority();
        let why = printable(why, MAX_DEVICE_TEXT);
        DeviceError::of_no_connection(&self.address.host, device, why)
    }

    fn broken(&self, why: &str) -> DeviceError {
        DeviceError::Broken {
            device: self.address.authority(),
            why: printable(why, MAX_DEVICE_TEXT),
        }
    }
}

/// How a handshake failed.
enum Failed {
    /// Trying otherwise changes nothing.
    Final(DeviceError),
    /// What is offered to printers of today is too much for it.
    ShortKey,
    /// The printer speaks no TLS, or none that this node speaks; in words.
    NoTls(String),
}

/// What an error of a handshake means, for a person.
pub(super) fn no_tls(error: &rustls::Error) -> String {
    use rustls::{AlertDescription, PeerIncompatible};
    match error {
        rustls::Error::InvalidMessage(_) => "it does not speak TLS there".to_owned(),
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => "it supports only TLS versions before 1.2".to_owned(),
        rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        )
        | rustls::Error::PeerIncompatible(_) => {
            "it supports only ciphers that are too old to protect anything".to_owned()
        }
        rustls::Error::InvalidCertificate(rustls::CertificateError::BadSignature) => {
            "it does not hold the key of the certificate that it shows".to_owned()
        }
        other => printable(&format!("TLS with it fails ({other})"), MAX_DEVICE_TEXT),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use papermesh_protocol::remedy::Remedy;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsAcceptor;
    use tokio_util::task::AbortOnDropHandle;

    use super::super::super::pins::MemoryPins;
    use super::{
        CONNECT_LIMIT, DeviceError, Era, IppAddress, PinError, Protection, Reach, Trust, Way,
    };

    /// What a printer answers to the first bytes that it is sent.
    #[derive(Clone, Copy)]
    enum Server {
        Tls,
        Says(&'static [u8]),
    }

    /// HTTP without TLS, as printers answer what they do not understand.
    const PLAIN: Server = Server::Says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");

    /// Fatal alerts: no common cipher, a security that does not suffice, no common version.
    const HANDSHAKE_FAILURE: Server = Server::Says(&[21, 3, 3, 0, 2, 2, 40]);
    const INSUFFICIENT_SECURITY: Server = Server::Says(&[21, 3, 3, 0, 2, 2, 71]);
    const PROTOCOL_VERSION: Server = Server::Says(&[21, 3, 3, 0, 2, 2, 70]);

    async fn serve(mut stream: TcpStream, server: Server) {
        match server {
            Server::Tls => {
                let made = rcgen::generate_simple_self_signed(vec!["printer".into()]).unwrap();
                let key = PrivateKeyDer::try_from(made.key_pair.serialize_der()).unwrap();
                let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
                let config = rustls::ServerConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()
                    .unwrap()
                    .with_no_client_auth()
                    .with_single_cert(vec![made.cert.der().clone()], key)
                    .unwrap();
                if let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await {
                    drop(stream.read_to_end(&mut Vec::new()).await);
                }
            }
            Server::Says(bytes) => {
                drop(stream.read(&mut [0; 4096]).await);
                drop(stream.write_all(bytes).await);
                drop(stream.shutdown().await);
            }
        }
    }

    /// A way to a printer of which it is not known that it is on this computer.
    async fn reach(tls: bool, server: Server) -> (Arc<Reach>, AbortOnDropHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = IppAddress {
            tls,
            host: "127.0.0.1".into(),
            port: listener.local_addr().unwrap().port(),
            path: "/ipp/print".into(),
        };
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, server));
            }
        });
        let trust = Arc::new(Trust::new(
            address.authority(),
            Arc::new(MemoryPins::default()),
        ));
        let reach = Reach::new(address, trust, CONNECT_LIMIT);
        *reach.way.lock().unwrap() = None;
        (Arc::new(reach), AbortOnDropHandle::new(serving))
    }

    #[tokio::test]
    async fn encryption_is_tried_first_also_where_it_is_not_demanded() {
        for tls in [true, false] {
            let (reach, _server) = reach(tls, Server::Tls).await;
            assert_eq!(reach.way().await.unwrap(), Way::Encrypted(Era::Today));
            assert!(reach.trust.pinned().unwrap().is_some());
            assert_eq!(
                reach.protection(),
                Some(Protection::Encrypted { weak: vec![] })
            );
        }
    }

    #[tokio::test]
    async fn what_speaks_no_tls_is_reached_without_where_that_is_asked_for() {
        for server in [PLAIN, Server::Says(b""), HANDSHAKE_FAILURE] {
            let (reach, _server) = reach(false, server).await;
            assert_eq!(reach.way().await.unwrap(), Way::Plain);
        }
    }

    #[tokio::test]
    async fn a_failed_handshake_is_told_in_words_that_name_the_way_out() {
        for (server, words) in [
            (PLAIN, "does not speak TLS"),
            (Server::Says(b""), "closes the connection"),
            (HANDSHAKE_FAILURE, "too old"),
            (INSUFFICIENT_SECURITY, "too old"),
            (PROTOCOL_VERSION, "before 1.2"),
        ] {
            let (reach, _server) = reach(true, server).await;
            let error = reach.way().await.unwrap_err();
            assert!(
                matches!(error, DeviceError::NoEncryption { .. }),
                "{error:?}"
            );
            let told = error.in_full().to_string();
            assert!(told.contains(words) && told.contains("ipp://"), "{told}");
        }
    }

    #[tokio::test]
    async fn a_printer_that_was_encrypted_once_is_never_spoken_to_in_clear() {
        let (reach, _server) = reach(false, PLAIN).await;
        let pins = MemoryPins::default();
        let pin = super::super::super::pins::Fingerprint::of(b"its certificate");
        let authority = reach.address.authority();
        super::super::super::pins::PinStore::put(&pins, &authority, pin).unwrap();
        let pinned = Arc::new(Reach {
            address: reach.address.clone(),
            trust: Arc::new(Trust::new(authority, Arc::new(pins))),
            limit: CONNECT_LIMIT,
            way: std::sync::Mutex::new(None),
            trying: tokio::sync::Mutex::default(),
        });
        let refused = pinned.way().await;
        assert!(
            matches!(refused, Err(DeviceError::Pin(PinError::Unencrypted { .. }))),
            "{refused:?}"
        );
    }
}
