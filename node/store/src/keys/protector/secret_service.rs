//! The keyring of whoever is logged in: the Secret Service API of freedesktop.org over D-Bus, which
//! GNOME, KDE and KeePassXC have. It tells nobody else's secret, but every program of the same user
//! this one; what it is against is whoever takes the disk.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use data_encoding::HEXLOWER;
use tokio::time::timeout;
use zbus::Connection;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use super::{ProtectorError, Secret, secret};

/// How long it may take. Nobody is asked for anything.
const PATIENCE: Duration = Duration::from_secs(20);
/// By what the secret is found again, beside its own name.
const APPLICATION: (&str, &str) = ("application", "papermesh");
const NAME: &str = "keys";
/// A path that is none.
const NOWHERE: &str = "/";

/// A secret as it travels: session, parameters, value, content type. The session is a plain one:
/// the bus is the user's own.
type Carried = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

#[zbus::proxy(
    interface = "org.freedesktop.Secret.Service",
    default_service = "org.freedesktop.secrets",
    default_path = "/org/freedesktop/secrets",
    gen_blocking = false
)]
trait Service {
    fn open_session(
        &self,
        algorithm: &str,
        input: &Value<'_>,
    ) -> zbus::Result<(OwnedValue, OwnedObjectPath)>;
    fn read_alias(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn search_items(
        &self,
        attributes: HashMap<&str, &str>,
    ) -> zbus::Result<(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>)>;
}

#[zbus::proxy(
    interface = "org.freedesktop.Secret.Collection",
    default_service = "org.freedesktop.secrets",
    gen_blocking = false
)]
trait Collection {
    fn create_item(
        &self,
        properties: HashMap<&str, Value<'_>>,
        secret: &Carried,
        replace: bool,
    ) -> zbus::Result<(OwnedObjectPath, OwnedObjectPath)>;
}

#[zbus::proxy(
    interface = "org.freedesktop.Secret.Item",
    default_service = "org.freedesktop.secrets",
    gen_blocking = false
)]
trait Item {
    fn get_secret(&self, session: &ObjectPath<'_>) -> zbus::Result<Carried>;
    fn delete(&self) -> zbus::Result<OwnedObjectPath>;
}

pub(super) fn keep(kept: &Secret) -> Result<Vec<u8>, ProtectorError> {
    let (kept, name) = (kept.clone(), rand::random::<[u8; 16]>());
    let name = HEXLOWER.encode(&name);
    let token = name.clone().into_bytes();
    ask(move |keyring| async move { keyring.keep(&name, &kept).await })?;
    Ok(token)
}

pub(super) fn give(token: &[u8]) -> Result<Secret, ProtectorError> {
    let name = String::from_utf8(token.to_vec()).map_err(|_| ProtectorError::Other)?;
    ask(move |keyring| async move { keyring.give(&name).await })
}

pub(super) fn forget(token: &[u8]) -> Result<(), ProtectorError> {
    let name = String::from_utf8(token.to_vec()).map_err(|_| ProtectorError::Other)?;
    ask(move |keyring| async move { keyring.forget(&name).await })
}

/// Asks the keyring something, on a thread of its own: whoever waits may be within a runtime.
fn ask<T, A>(question: impl FnOnce(Keyring) -> A + Send + 'static) -> Result<T, ProtectorError>
where
    T: Send + 'static,
    A: Future<Output = Result<T, ProtectorError>>,
{
    let asking = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| ProtectorError::Absent(error.to_string()))?;
        let asked = async {
            let bus = Connection::session().await;
            let bus = bus.map_err(|error| ProtectorError::Absent(error.to_string()))?;
            question(Keyring::open(bus).await?).await
        };
        let answer = runtime.block_on(async { timeout(PATIENCE, asked).await });
        answer.map_err(|_| ProtectorError::Silent)?
    });
    asking.join().map_err(|_| ProtectorError::Silent)?
}

/// The keyring, with a session in it.
struct Keyring {
    bus: Connection,
    service: ServiceProxy<'static>,
    session: OwnedObjectPath,
}

fn refused(error: zbus::Error) -> ProtectorError {
    ProtectorError::Refused(papermesh_protocol::text::clean(&error.to_string(), 200))
}

impl Keyring {
    async fn open(bus: Connection) -> Result<Self, ProtectorError> {
        let absent = |error: zbus::Error| ProtectorError::Absent(error.to_string());
        let service = ServiceProxy::new(&bus).await.map_err(absent)?;
        let session = service.open_session("plain", &Value::from("")).await;
        let (_, session) = session.map_err(absent)?;
        Ok(Self {
            bus,
            service,
            session,
        })
    }

    async fn keep(&self, name: &str, kept: &Secret) -> Result<(), ProtectorError> {
        let collection = self.service.read_alias("default").await.map_err(refused)?;
        if collection.as_str() == NOWHERE {
            return Err(ProtectorError::Absent("no default keyring".to_owned()));
        }
        let collection = CollectionProxy::builder(&self.bus)
            .path(collection)
            .map_err(refused)?
            .build()
            .await
            .map_err(refused)?;
        let properties = HashMap::from([
            (
                "org.freedesktop.Secret.Item.Label",
                Value::from("Papermesh: the keys of this computer"),
            ),
            (
                "org.freedesktop.Secret.Item.Attributes",
                Value::from(attributes(name)),
            ),
        ]);
        let carried = (
            self.session.clone(),
            Vec::new(),
            kept.to_vec(),
            "application/octet-stream".to_owned(),
        );
        let (item, _prompt) = collection
            .create_item(properties, &carried, true)
            .await
            .map_err(refused)?;
        match item.as_str() {
            NOWHERE => Err(ProtectorError::Locked),
            _ => Ok(()),
        }
    }

    async fn item(&self, name: &str) -> Result<ItemProxy<'static>, ProtectorError> {
        let found = self.service.search_items(attributes(name)).await;
        let (open, locked) = found.map_err(refused)?;
        let item = match (open.into_iter().next(), locked.is_empty()) {
            (Some(item), _) => item,
            (None, false) => return Err(ProtectorError::Locked),
            (None, true) => {
                let gone = "the keyring has no such entry; it is called \"Papermesh: the keys of this computer\"";
                return Err(ProtectorError::Refused(gone.to_owned()));
            }
        };
        ItemProxy::builder(&self.bus)
            .path(item)
            .map_err(refused)?
            .build()
            .await
            .map_err(refused)
    }

    async fn give(&self, name: &str) -> Result<Secret, ProtectorError> {
        let item = self.item(name).await?;
        let (_, _, value, _) = item.get_secret(&self.session).await.map_err(refused)?;
        secret(&zeroize::Zeroizing::new(value))
    }

    async fn forget(&self, name: &str) -> Result<(), ProtectorError> {
        self.item(name).await?.delete().await.map_err(refused)?;
        Ok(())
    }
}

fn attributes(name: &str) -> HashMap<&str, &str> {
    HashMap::from([APPLICATION, (NAME, name)])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::sync::{Arc, Mutex};

    use zbus::connection::Builder;
    use zeroize::Zeroizing;

    use super::*;

    /// A message bus of the test's own.
    struct Bus(Child, String);

    impl Bus {
        fn start() -> Self {
            let mut daemon = Command::new("dbus-daemon")
                .args(["--session", "--nofork", "--print-address"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("this test needs dbus-daemon; run scripts/setup test");
            let mut address = String::new();
            let stdout = daemon.stdout.take().unwrap();
            BufReader::new(stdout).read_line(&mut address).unwrap();
            Self(daemon, address.trim().to_owned())
        }

        async fn connect(&self) -> Connection {
            Builder::address(self.1.as_str())
                .unwrap()
                .build()
                .await
                .unwrap()
        }
    }

    impl Drop for Bus {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// What a keyring has: one secret at most, with its attributes, and whether it is locked.
    #[derive(Default)]
    struct Content {
        item: Option<(HashMap<String, String>, Vec<u8>)>,
        locked: bool,
    }

    type Shared = Arc<Mutex<Content>>;

    const ITEM: &str = "/org/freedesktop/secrets/collection/login/1";
    const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";
    const SESSION: &str = "/org/freedesktop/secrets/session/1";

    fn path(text: &str) -> OwnedObjectPath {
        text.try_into().unwrap()
    }

    struct FakeService(Shared);

    #[zbus::interface(name = "org.freedesktop.Secret.Service")]
    impl FakeService {
        fn open_session(
            &self,
            _algorithm: &str,
            _input: Value<'_>,
        ) -> (OwnedValue, OwnedObjectPath) {
            (Value::from("").try_to_owned().unwrap(), path(SESSION))
        }

        fn read_alias(&self, _name: &str) -> OwnedObjectPath {
            path(COLLECTION)
        }

        fn search_items(
            &self,
            attributes: HashMap<String, String>,
        ) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
            let content = self.0.lock().unwrap();
            let found = content.item.iter().any(|(known, _)| *known == attributes);
            let found: Vec<_> = found.then(|| path(ITEM)).into_iter().collect();
            match content.locked {
                true => (Vec::new(), found),
                false => (found, Vec::new()),
            }
        }
    }

    struct FakeCollection(Shared);

    #[zbus::interface(name = "org.freedesktop.Secret.Collection")]
    impl FakeCollection {
        fn create_item(
            &self,
            properties: HashMap<String, OwnedValue>,
            secret: Carried,
            _replace: bool,
        ) -> (OwnedObjectPath, OwnedObjectPath) {
            let mut content = self.0.lock().unwrap();
            if content.locked {
                return (path(NOWHERE), path("/org/freedesktop/secrets/prompt/1"));
            }
            let attributes = &properties["org.freedesktop.Secret.Item.Attributes"];
            let attributes = attributes.try_clone().unwrap().try_into().unwrap();
            content.item = Some((attributes, secret.2));
            (path(ITEM), path(NOWHERE))
        }
    }

    struct FakeItem(Shared);

    #[zbus::interface(name = "org.freedesktop.Secret.Item")]
    impl FakeItem {
        fn get_secret(&self, session: OwnedObjectPath) -> Carried {
            let content = self.0.lock().unwrap();
            let (_, secret) = content.item.clone().unwrap();
            (
                session,
                Vec::new(),
                secret,
                "application/octet-stream".to_owned(),
            )
        }

        fn delete(&self) -> OwnedObjectPath {
            self.0.lock().unwrap().item = None;
            path(NOWHERE)
        }
    }

    /// A keyring on a bus.
    async fn keyring(bus: &Bus) -> (Shared, Connection) {
        let content = Shared::default();
        let connection = Builder::address(bus.1.as_str())
            .unwrap()
            .name("org.freedesktop.secrets")
            .unwrap()
            .serve_at("/org/freedesktop/secrets", FakeService(content.clone()))
            .unwrap()
            .serve_at(COLLECTION, FakeCollection(content.clone()))
            .unwrap()
            .serve_at(ITEM, FakeItem(content.clone()))
            .unwrap()
            .build()
            .await
            .unwrap();
        (content, connection)
    }

    #[tokio::test]
    async fn a_keyring_gives_what_it_was_given_to_keep_and_only_while_it_is_open() {
        let bus = Bus::start();
        let (content, _served) = keyring(&bus).await;
        let keyring = Keyring::open(bus.connect().await).await.unwrap();
        let kept = Zeroizing::new([7; 32]);
        keyring.keep("one", &kept).await.unwrap();
        assert_eq!(keyring.give("one").await.unwrap(), kept);
        assert!(matches!(
            keyring.give("another").await,
            Err(ProtectorError::Refused(_))
        ));
        content.lock().unwrap().locked = true;
        assert_eq!(
            keyring.give("one").await.unwrap_err(),
            ProtectorError::Locked
        );
        assert_eq!(
            keyring.keep("two", &kept).await.unwrap_err(),
            ProtectorError::Locked
        );
        content.lock().unwrap().locked = false;
        assert_eq!(keyring.give("one").await.unwrap(), kept);
        keyring.forget("one").await.unwrap();
        assert!(content.lock().unwrap().item.is_none());
    }

    #[tokio::test]
    async fn a_bus_without_a_keyring_is_told_as_that() {
        let bus = Bus::start();
        let opened = Keyring::open(bus.connect().await).await;
        assert!(matches!(opened.err(), Some(ProtectorError::Absent(_))));
    }
}
