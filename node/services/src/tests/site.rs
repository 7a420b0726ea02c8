//! A site with users, holders and printers, each with a home of its own.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use papermesh_convert::{Converter, Program};
use papermesh_device::{MemoryPins, OutputDevice, OutputOptions, OutputUri};
use papermesh_mesh::Membership;
use papermesh_protocol::advert::Delegated;
use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::delegation::Delegation;
use papermesh_protocol::direct::Offer;
use papermesh_protocol::id::{BadgeTag, NodeId, Serial, SiteId, UserKey};
use papermesh_protocol::limits;
use papermesh_protocol::lookup;
use papermesh_protocol::pin::{Pin, PinVerifier};
use papermesh_protocol::seal::{SealingPublic, StorageKey};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{LoginPolicy, SitePolicy, SiteSecret, SiteState};
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Clock;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::{Badge, UserEntry, UserState};
use papermesh_protocol::version::Version;
use papermesh_store::{LocalUser, Store};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::pipes::{Pipes, PipesOf};
use crate::audit::{Audit, Kind};
use crate::auth::verifier;
use crate::directory::Directory;
use crate::holder::preview::PreviewService;
use crate::holder::serve::{JobService, ReleaseService};
use crate::holder::{self, HeldView, Holder, KnownPrinter, Submission};
use crate::printer::direct::DirectService;
use crate::printer::{self, Printer, ReleaseRequest, Released, Visit, Visitor};

/// A site whose members are told the time by one clock.
pub(super) struct Site {
    authority: SigningKey,
    secret: SiteSecret,
    state: Signed<SiteState>,
    clock: Clock,
    /// By which waits are measured, if not by the same.
    waits: Clock,
    pub(super) pipes: Pipes,
}

/// The time of a runtime whose clock is paused: it passes as soon as everybody waits.
fn passing_time() -> Timestamp {
    static BEGINNING: OnceLock<Instant> = OnceLock::new();
    let beginning = *BEGINNING.get_or_init(Instant::now);
    Timestamp::from_secs(1_800_000_000) + Instant::now().saturating_duration_since(beginning)
}

/// One user with two computers, and a printer, in a time that passes as fast as it may.
pub(super) async fn two_holders() -> (Site, User, [HolderNode; 2], Tray) {
    let site = Site::new(passing_time);
    let alice = site.user(10, "alice", "2468").await;
    let holders = [
        site.holder(20, "laptop").await,
        site.holder(21, "desktop").await,
    ];
    site.publish(&holders[0], &alice).await;
    for holder in &holders {
        site.link(holder, &alice);
    }
    let printer = site.printer(30).await;
    (site, alice, holders, printer)
}

/// A holder.
pub(super) struct HolderNode {
    pub(super) node: NodeId,
    pub(super) home: tempfile::TempDir,
    pub(super) holder: Holder<PipesOf>,
    pub(super) audit: Audit,
    pub(super) network: PipesOf,
    storage: StorageKey,
    store: Store,
    directory: Directory<PipesOf>,
}

/// A printer with a tray.
pub(super) struct Tray {
    pub(super) node: NodeId,
    /// As holders know it.
    pub(super) known: KnownPrinter,
    pub(super) home: tempfile::TempDir,
    pub(super) printer: Printer<PipesOf>,
    pub(super) audit: Audit,
    pub(super) network: PipesOf,
    pub(super) store: Store,
    key: SigningKey,
    site: SiteId,
    parts: Box<dyn Fn(OutputDevice) -> printer::Deps<PipesOf>>,
}

/// A user with one PIN on all holders.
pub(super) struct User {
    pub(super) id: UserId,
    key: SigningKey,
    entry: Signed<UserEntry>,
    verifier: PinVerifier,
}

impl Site {
    pub(super) fn new(clock: Clock) -> Self {
        Self::with(clock, LoginPolicy::default())
    }

    pub(super) fn with(clock: Clock, login: LoginPolicy) -> Self {
        let policy = SitePolicy {
            login,
            ..SitePolicy::default()
        };
        Self::of(clock, policy)
    }

    pub(super) fn of(clock: Clock, policy: SitePolicy) -> Self {
        let authority = SigningKey::from_bytes(&[1; 32]);
        let site = SiteId::from(authority.verifying_key());
        let state = SiteState::new(site, "Here".parse().unwrap()).with_policy(policy);
        let state = Signed::sign(state, &authority).unwrap();
        Self {
            authority,
            secret: SiteSecret::from_bytes([2; 32]),
            state,
            clock,
            waits: clock,
            pipes: Pipes::new(),
        }
    }

    pub(super) fn with_waits_by(self, waits: Clock) -> Self {
        Self { waits, ..self }
    }

    fn id(&self) -> SiteId {
        SiteId::from(self.authority.verifying_key())
    }

    pub(super) fn member(&self, seed: u8, name: &str, role: Role) -> (SigningKey, Arc<Membership>) {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let now = (self.clock)();
        let certificate = Certificate {
            site: self.id(),
            node: NodeId::from(key.verifying_key()),
            sealing: SealingPublic::from_bytes([seed; 32]),
            name: name.parse().unwrap(),
            roles: Roles::of(&[role]),
            serial: Serial::from_bytes([seed; 8]),
            not_before: now,
            not_after: now + limits::CERTIFICATE_LIFETIME,
            despite: None,
        };
        let certificate = Signed::sign(certificate, &self.authority).unwrap();
        let membership = Membership::new(
            certificate,
            (super::charter_of(&self.authority), self.state.clone()),
            self.secret.clone(),
            self.clock,
        );
        (key, Arc::new(membership.with_waits_by(self.waits)))
    }

    pub(super) async fn holder(&self, seed: u8, name: &str) -> HolderNode {
        self.holder_with(seed, name, Role::Client).await
    }

    pub(super) async fn holder_with(&self, seed: u8, name: &str, role: Role) -> HolderNode {
        let (key, membership) = self.member(seed, name, role);
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let audit = Audit::new(store.clone(), key.clone(), self.clock);
        let directory = Directory::new(
            store.clone(),
            self.pipes.of(&membership),
            Arc::clone(&membership),
            key.clone(),
        );
        let storage = StorageKey::generate(&mut rand::rng());
        let parts = holder::Deps {
            store: store.clone(),
            network: self.pipes.of(&membership),
            directory: directory.clone(),
            membership: Arc::clone(&membership),
            audit: audit.clone(),
            key: key.clone(),
            storage: storage.clone(),
            largest: 1 << 30,
            previews: true,
            converter: no_converter(),
        };
        let network = self.pipes.of(&membership);
        let holder = Holder::open(parts).await.unwrap();
        let node = membership.node();
        self.pipes.add(node);
        for version in Version::SPOKEN {
            self.pipes
                .accept(node, ReleaseService(holder.clone(), version));
        }
        self.pipes.accept(node, JobService(holder.clone()));
        self.pipes.accept(node, PreviewService(holder.clone()));
        HolderNode {
            node,
            home,
            holder,
            audit,
            network,
            storage,
            store,
            directory,
        }
    }

    pub(super) async fn printer(&self, seed: u8) -> Tray {
        let (key, membership) = self.member(seed, "printer", Role::Printer);
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let audit = Audit::new(store.clone(), key.clone(), self.clock);
        let network = self.pipes.of(&membership);
        let directory = Directory::new(
            store.clone(),
            network.clone(),
            Arc::clone(&membership),
            key.clone(),
        );
        let (node, site, own) = (membership.node(), membership.site(), key.clone());
        let certificate = (*membership.certificate()).clone();
        let parts = {
            let (network, store, audit) = (network.clone(), store.clone(), audit.clone());
            move |device| printer::Deps {
                store: store.clone(),
                network: network.clone(),
                directory: directory.clone(),
                membership: Arc::clone(&membership),
                key: key.clone(),
                audit: audit.clone(),
                device,
                converter: no_converter(),
                delivered_is_printed: false,
                holder_timeout: Duration::from_secs(10),
            }
        };
        let printer = Printer::new(parts(device(home.path()).await));
        self.pipes.add(node);
        for version in Version::SPOKEN {
            self.pipes
                .accept(node, DirectService(printer.clone(), version));
        }
        Tray {
            node,
            known: KnownPrinter {
                certificate,
                addresses: Vec::new(),
                last_seen: (self.clock)(),
            },
            home,
            printer,
            audit,
            network,
            store,
            key: own,
            site,
            parts: Box::new(parts),
        }
    }

    /// A user of the site, with this PIN.
    pub(super) async fn user(&self, seed: u8, id: &str, pin: &str) -> User {
        self.user_with(seed, id, pin, Vec::new()).await
    }

    pub(super) async fn user_with(
        &self,
        seed: u8,
        id: &str,
        pin: &str,
        badges: Vec<BadgeTag>,
    ) -> User {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let id: UserId = id.parse().unwrap();
        let entry = UserEntry {
            site: self.id(),
            user: id.clone(),
            sequence: 1,
            issued_at: (self.clock)(),
            display: id.as_str().parse().unwrap(),
            key: Some(UserKey::from(key.verifying_key())),
            badges,
            groups: Vec::new(),
            state: UserState::Active,
        };
        let entry = Signed::sign(entry, &self.authority).unwrap();
        let verifier =
            PinVerifier::register(id.as_str(), &Pin::new(pin).unwrap(), &mut rand::rng()).unwrap();
        User {
            id,
            key,
            entry,
            verifier,
        }
    }

    /// What the admin would publish of a user.
    pub(super) async fn publish(&self, by: &HolderNode, user: &User) {
        by.directory
            .put_user_entry(user.entry.clone())
            .await
            .unwrap();
        for tag in user.entry.badges.clone() {
            let badge = Badge {
                site: self.id(),
                tag,
                user: Some(user.id.clone()),
                sequence: 1,
            };
            by.directory
                .put_badge(Signed::sign(badge, &self.authority).unwrap())
                .await
                .unwrap();
        }
    }

    pub(super) fn badge(&self, number: &str) -> BadgeTag {
        lookup::badge_tag(&self.secret, &BadgeNumber::of(number)).unwrap()
    }

    /// Lets a holder hold for a user.
    pub(super) fn link(&self, holder: &HolderNode, user: &User) {
        let delegation = Delegation::new(self.id(), user.id.clone(), holder.node, (self.clock)());
        let row = LocalUser {
            entry: Some(user.entry.envelope().clone()),
            sealed_pin: Some(verifier::seal(&holder.storage, &user.id, &user.verifier).unwrap()),
            delegation: Some(
                Signed::sign(delegation, &user.key)
                    .unwrap()
                    .envelope()
                    .clone(),
            ),
            ..LocalUser::default()
        };
        holder.store.local_users().put(&user.id, &row).unwrap();
    }
}

impl HolderNode {
    pub(super) async fn submit(&self, user: &User, title: &str, document: &[u8]) -> HeldView {
        let held = self
            .holder
            .submit(submission(user, title), document)
            .await
            .unwrap();
        // It is announced in the background, too; here the test waits for it.
        self.directory.announce(&user.id).await.unwrap();
        held
    }

    pub(super) async fn jobs(&self) -> Vec<HeldView> {
        self.holder.jobs(None, None).await.unwrap()
    }

    /// What this computer says to be allowed to print a job of a user straight away.
    pub(super) fn offer(&self, user: &User, held: &HeldView) -> Offer {
        let row = self.store.local_users().get(&user.id).unwrap().unwrap();
        let delegation = row.delegation.unwrap();
        Offer {
            user: user.id.clone(),
            delegated: Some(Delegated {
                key: UserKey::from_bytes(*delegation.signer()),
                delegation,
            }),
            job: held.summary.clone(),
        }
    }

    pub(super) async fn announce(&self, user: &User) {
        self.directory.announce(&user.id).await.unwrap();
    }
}

impl Tray {
    pub(super) async fn visit(&self, user: &User, pin: &str) -> Visit<PipesOf> {
        self.printer
            .visit(Visitor::User(user.id.clone()), Some(Pin::new(pin).unwrap()))
            .await
            .unwrap()
    }

    pub(super) async fn print(
        &self,
        visit: &Visit<PipesOf>,
        release_request: ReleaseRequest,
    ) -> Released {
        let (progress, _) = mpsc::channel(1);
        self.printer
            .release(visit, release_request, progress, CancellationToken::new())
            .await
    }

    /// With what it signs, and for which site.
    pub(super) fn identity(&self) -> (SigningKey, SiteId) {
        (self.key.clone(), self.site)
    }

    /// What lies in the tray.
    pub(super) fn paper(&self) -> Vec<Vec<u8>> {
        let files = std::fs::read_dir(tray(self.home.path()))
            .unwrap()
            .map(|file| file.unwrap());
        files
            .filter(|file| file.file_type().unwrap().is_file())
            // What is on its way there is hidden.
            .filter(|file| !file.file_name().to_string_lossy().starts_with('.'))
            .map(|file| std::fs::read(file.path()).unwrap())
            .collect()
    }

    /// Bytes of what is on its way into the tray.
    pub(super) fn begun(&self) -> u64 {
        fn largest(folder: &Path) -> u64 {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let sizes = entries.filter_map(|entry| {
                let found = entry.metadata().ok()?;
                Some(match found.is_dir() {
                    true => largest(&entry.path()),
                    false => found.len(),
                })
            });
            sizes.max().unwrap_or(0)
        }
        largest(&tray(self.home.path()))
    }

    /// Gives the printer another device.
    pub(super) fn set_device(&mut self, device: OutputDevice) {
        self.printer = Printer::new((self.parts)(device));
    }

    /// The printer in its next life.
    pub(super) async fn restart(&mut self) {
        self.printer = Printer::new((self.parts)(device(self.home.path()).await));
    }
}

fn tray(home: &Path) -> std::path::PathBuf {
    home.join("tray")
}

async fn device(home: &Path) -> OutputDevice {
    OutputDevice::open(
        OutputUri::tray(&tray(home)),
        Arc::new(MemoryPins::default()),
        OutputOptions::default(),
    )
    .await
    .unwrap()
}

pub(super) fn submission(user: &User, title: &str) -> Submission {
    Submission::new(user.id.clone(), title, "text/plain")
}

pub(super) fn release_request(held: &HeldView, holder: &HolderNode) -> ReleaseRequest {
    ReleaseRequest {
        holder: holder.node,
        job: held.summary.job,
        options: None,
        keep: false,
        pin: None,
        reprint: false,
        document_password: None,
    }
}

/// A text that is as long as this, and not all the same.
pub(super) fn document(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| b' ' + u8::try_from((at * 7 + at / 251) % 90).unwrap())
        .collect()
}

/// What an audit log has, by kind; its chain is verified on the way.
pub(super) async fn kinds(audit: &Audit) -> Vec<Kind> {
    audit.verify(None).await.unwrap();
    let page = audit.read(0, Timestamp::default()).await.unwrap();
    page.entries.iter().map(|entry| entry.event.kind).collect()
}

/// As [`kinds`], without the logins that came to something.
pub(super) async fn deeds(audit: &Audit) -> Vec<Kind> {
    let mut deeds = kinds(audit).await;
    deeds.retain(|kind| *kind != Kind::LoggedIn);
    deeds
}

/// Waits for something that happens in the background.
pub(super) async fn eventually<F: Future<Output = bool>>(mut happened: impl FnMut() -> F) {
    let waited = async {
        while !happened().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited)
        .await
        .unwrap();
}

/// Steps of conversions are the program's, which is not this one.
fn no_converter() -> Converter {
    Converter::new(
        Program::at("/nonexistent".into()),
        None,
        Duration::from_secs(1),
    )
}
