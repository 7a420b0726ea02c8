//! Whose program is at the other end of a connection within this computer.
//!
//! The system knows which account opened a socket. It is asked for the very socket that a connection
//! comes from, by both addresses and both ports, as soon as the connection is there; and what it says
//! holds only if the connection is still there afterwards. Until then nobody else can have
//! that pair of addresses.
//!
//! Only Linux can be asked (sock_diag(7)). Elsewhere nobody is told apart, so nobody is believed.

use rustix::process::geteuid;
use tokio::net::TcpStream;

/// An account of this computer, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account(u32);

impl Account {
    /// The administrator's.
    pub const ROOT: Self = Self(0);
    /// What the system says of an account that it has no number for: one outside of the user
    /// namespace that this process is in. It may be anybody.
    const ANYBODY: Self = Self(65_534);

    /// The one that this process runs as.
    #[must_use]
    pub fn own() -> Self {
        Self(geteuid().as_raw())
    }

    /// The account of this number.
    #[must_use]
    pub const fn numbered(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// Whose the other end of a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// A program of this account.
    Account(Account),
    /// A program of this computer whose account has no number here: nobody's who is believed.
    Outsider,
    /// It is on another computer, was closed already, or the system does not tell.
    Untold,
}

impl Behind {
    /// Asks whose the other end of a connection is.
    #[must_use]
    pub fn of(stream: &TcpStream) -> Self {
        let (Ok(near), Ok(far)) = (stream.local_addr(), stream.peer_addr()) else {
            return Self::Untold;
        };
        if !far.ip().to_canonical().is_loopback() {
            return Self::Untold;
        }
        let account = match of_socket(far, near) {
            Ok(account) => account,
            Err(error) => {
                tracing::warn!(%error, "cannot tell this computer's programs apart; all of them need a PIN");
                None
            }
        };
        // Still connected, so nobody else had these addresses meanwhile.
        match account.filter(|_| stream.peer_addr().is_ok()) {
            None => Self::Untold,
            Some(Account::ANYBODY) => Self::Outsider,
            Some(account) => Self::Account(account),
        }
    }

    /// The account, where there is one.
    #[must_use]
    pub const fn account(self) -> Option<Account> {
        match self {
            Self::Account(account) => Some(account),
            Self::Outsider | Self::Untold => None,
        }
    }

    /// Whether it is surely a program of neither this node's account nor the administrator's.
    #[must_use]
    pub fn is_of_another(self) -> bool {
        match self {
            Self::Account(account) => account != Account::own() && account != Account::ROOT,
            Self::Outsider => true,
            Self::Untold => false,
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn of_socket(_: std::net::SocketAddr, _: std::net::SocketAddr) -> std::io::Result<Option<Account>> {
    Ok(None)
}

#[cfg(target_os = "linux")]
use linux::of_socket;

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::net::{IpAddr, SocketAddr};

    use netlink_packet_core::{NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
    use netlink_packet_sock_diag::SockDiagMessage;
    use netlink_packet_sock_diag::constants::{
        AF_INET, AF_INET6, IPPROTO_TCP, TCP_ESTABLISHED, TCP_FIN_WAIT1, TCP_FIN_WAIT2,
    };
    use netlink_packet_sock_diag::inet::{
        ExtensionFlags, InetRequest, InetResponseHeader, SocketId, StateFlags,
    };
    use netlink_sys::protocols::NETLINK_SOCK_DIAG;
    use netlink_sys::{Socket, SocketAddr as Kernel};

    use super::Account;

    /// More than an answer about one socket has.
    const ANSWER: usize = 4096;
    /// "Whichever socket it is": a cookie would name one that was seen before.
    const NO_COOKIE: [u8; 8] = [0xff; 8];

    /// Whose the socket is that is connected from `near` to `far`; none if there is none, or if no
    /// process has it any more. Waits for nobody: the kernel answers while it is asked.
    pub(super) fn of_socket(near: SocketAddr, far: SocketAddr) -> io::Result<Option<Account>> {
        let wanted = SocketId {
            source_port: near.port(),
            destination_port: far.port(),
            source_address: near.ip().to_canonical(),
            destination_address: far.ip().to_canonical(),
            interface_id: 0,
            cookie: NO_COOKIE,
        };
        let family = match wanted.source_address {
            IpAddr::V4(_) => AF_INET,
            IpAddr::V6(_) => AF_INET6,
        };
        let answer = ask(InetRequest {
            family,
            protocol: IPPROTO_TCP,
            extensions: ExtensionFlags::empty(),
            states: StateFlags::all(),
            socket_id: wanted.clone(),
        })?;
        Ok(answer
            .filter(|found| is_it(found, &wanted))
            .map(|found| Account(found.uid)))
    }

    /// Whether it is the socket that was asked for, and a process has it. The kernel also finds one
    /// that merely listens at that address; and one that was closed, on its last way out, it calls root's.
    fn is_it(found: &InetResponseHeader, wanted: &SocketId) -> bool {
        let ends = |id: &SocketId| {
            (
                (id.source_address.to_canonical(), id.source_port),
                (id.destination_address.to_canonical(), id.destination_port),
            )
        };
        let is_open = matches!(found.state, TCP_ESTABLISHED | TCP_FIN_WAIT1 | TCP_FIN_WAIT2);
        is_open && found.inode != 0 && ends(&found.socket_id) == ends(wanted)
    }

    fn ask(request: InetRequest) -> io::Result<Option<InetResponseHeader>> {
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST;
        let request = SockDiagMessage::InetRequest(request);
        let mut message = NetlinkMessage::new(header, request.into());
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);

        let socket = Socket::new(NETLINK_SOCK_DIAG)?;
        socket.set_non_blocking(true)?;
        // Only the kernel is heard then.
        socket.connect(&Kernel::new(0, 0))?;
        socket.send(&bytes, 0)?;
        let mut answer = Vec::with_capacity(ANSWER);
        socket.recv(&mut answer, 0)?;
        let answer = NetlinkMessage::<SockDiagMessage>::deserialize(&answer);
        match answer.map_err(io::Error::other)?.payload {
            NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(found)) => {
                Ok(Some(found.header))
            }
            NetlinkPayload::Error(error) => match error.to_io() {
                error if error.kind() == io::ErrorKind::NotFound => Ok(None),
                error => Err(error),
            },
            _ => Ok(None),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    async fn connected(listen: &str, connect: &str) -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(listen).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect((connect, port)).await.unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn a_connection_is_of_the_account_that_opened_it() {
        for (listen, connect) in [
            ("127.0.0.1:0", "127.0.0.1"),
            ("[::1]:0", "::1"),
            ("[::]:0", "127.0.0.1"),
            ("[::]:0", "::1"),
        ] {
            let (client, accepted) = connected(listen, connect).await;
            let own = match Account::own() {
                Account::ANYBODY => Behind::Outsider,
                own => Behind::Account(own),
            };
            assert_eq!(Behind::of(&accepted), own, "{listen}");
            // What it said may be all that it has to say.
            let client = client.into_std().unwrap();
            client.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(Behind::of(&accepted), own, "{listen}");
            drop(client);
            assert_eq!(Behind::of(&accepted), Behind::Untold, "closed: {listen}");
        }
    }

    #[tokio::test]
    async fn a_socket_that_only_listens_there_is_not_the_other_end() {
        let (client, accepted) = connected("127.0.0.1:0", "127.0.0.1").await;
        let at = client.local_addr().unwrap();
        drop((client, accepted));
        let Ok(_there) = TcpListener::bind(at).await else {
            // The system still keeps the address for the connection that was.
            return;
        };
        assert_eq!(of_socket(at, "127.0.0.1:9".parse().unwrap()).unwrap(), None);
    }
}
