//! What members show over TLS by their site's word, seen by programs that trust the site's certificate
//! and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use papermesh_frame::{read_message, write_message};
use papermesh_mesh::Member;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::limits;
use papermesh_protocol::time::Clock;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::{Answer, Asking, Denial, Places, Request, WebKey};
use papermesh_web::{Certificates, Listener, Patience};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::meshes::{Home, Running, eventually};
use crate::audit::Kind;
use crate::authority::OfAdmin;
use crate::clock;
use crate::web_certificate::Looked;

const DAY: Duration = Duration::from_secs(86_400);

fn places(names: &[&str], addresses: &[&str]) -> Places {
    let addresses = addresses.iter().map(|text| {
        let ip: std::net::IpAddr = text.parse().unwrap();
        ip.try_into().unwrap()
    });
    Places::new(names.iter().map(|name| name.parse().unwrap()), addresses).unwrap()
}

/// Where everybody is for itself.
fn here() -> Places {
    places(&["localhost"], &["127.0.0.1", "::1"])
}

/// A socket that shows what this member shows.
async fn listener(member: &Running) -> (SocketAddr, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates {
        own: folder.path().join("own.pem"),
        site: member.tls.clone(),
    };
    let any = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(any, &certificates, "test").await.unwrap();
    let address = listener.address().unwrap();
    let patience = Patience {
        connections: 8,
        each: 8,
        here: 8,
        handshake: Duration::from_secs(10),
        header: Duration::from_secs(10),
        buffer: 8192,
    };
    tokio::spawn(listener.serve(Router::new(), patience));
    (address, folder)
}

#[derive(Debug)]
struct By(Clock);

impl TimeProvider for By {
    fn current_time(&self) -> Option<UnixTime> {
        let since = Duration::from_millis((self.0)().as_millis());
        Some(UnixTime::since_unix_epoch(since))
    }
}

/// What a program that trusts this certificate alone is shown, if it believes it.
async fn shown(
    at: SocketAddr,
    authority: &[u8],
    name: &str,
    clock: Clock,
) -> Result<CertificateDer<'static>, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority)).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(By(clock)))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TcpStream::connect(at).await.unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    Ok(chain[0].clone().into_owned())
}

async fn authority_of(member: &Running) -> Vec<u8> {
    let authority = member.authority.web_authority(None).await.unwrap();
    authority.certificate.to_vec()
}

#[tokio::test]
async fn whoever_trusts_the_site_trusts_its_members_as_soon_as_they_are_certified() {
    let admin = Running::admin().await;
    let trusted = authority_of(&admin).await;
    let printer = admin.admit("Hall", Role::Printer).await;
    let (at, _folder) = listener(&printer).await;
    // Until then it shows its own.
    assert!(shown(at, &trusted, "127.0.0.1", clock::now).await.is_err());
    assert_eq!(printer.web.look(&here()).await, Looked::Renewed);
    let first = shown(at, &trusted, "127.0.0.1", clock::now).await.unwrap();
    let named = shown(at, &trusted, "localhost", clock::now).await.unwrap();
    assert_eq!(first, named);
    // Whoever asks for a name that it does not have is shown the own one.
    assert!(shown(at, &trusted, "hall.local", clock::now).await.is_err());
    // Nor is it believed by those who trust another site.
    let other = authority_of(&Running::admin().await).await;
    assert!(shown(at, &other, "127.0.0.1", clock::now).await.is_err());

    // It is kept, and both sides have written it down.
    assert_eq!(printer.web.look(&here()).await, Looked::Good);
    for member in [&admin, &printer] {
        let page = member.audit().await;
        assert!(page.contains(&Kind::WebCertified), "{page:?}");
    }
    let printer = printer.stop().await.run().await;
    assert_eq!(printer.web.kept().unwrap().places, here());
    printer.meet(&admin).await;
    let (at, _folder) = listener(&printer).await;
    let again = shown(at, &trusted, "127.0.0.1", clock::now).await.unwrap();
    assert_eq!(again, first);

    // A computer that runs the hold printer beside the authority asks itself.
    assert_eq!(admin.web.look(&here()).await, Looked::Renewed);
    let (at, _folder) = listener(&admin).await;
    assert!(shown(at, &trusted, "localhost", clock::now).await.is_ok());
    assert_eq!(printer.web.authority().await.unwrap().certificate, trusted);
}

#[tokio::test]
async fn an_admin_whose_key_is_opened_later_certifies_itself_at_once() {
    let admin = Home::founder(&[Role::Client], Some("correct horse"))
        .run()
        .await;
    let keeping = tokio::spawn(admin.web.clone().run(vec![[127, 0, 0, 1].into()]));
    // It has asked itself in vain, and would not do so again for half a minute.
    eventually(|| async { admin.web.trouble().is_some() }).await;
    assert!(admin.web.kept().is_none());
    admin.authority.unlock(Some("correct horse")).await.unwrap();
    timeout(Duration::from_secs(20), async {
        while admin.web.kept().is_none() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("it certifies itself");
    assert_eq!(admin.web.trouble(), None);
    keeping.abort();
}

/// Days that have passed for those who look at [`later`].
static PASSED: AtomicU64 = AtomicU64::new(0);

fn later() -> Timestamp {
    clock::now() + DAY * u32::try_from(PASSED.load(Ordering::SeqCst)).unwrap()
}

#[tokio::test]
async fn a_certificate_is_renewed_without_a_restart_and_not_shown_after_its_end() {
    let admin = Home::founder(&[Role::Client], None).run_by(later).await;
    let trusted = authority_of(&admin).await;
    let printer = admin.admit_by("Hall", Role::Printer, later).await;
    let (at, _folder) = listener(&printer).await;
    assert_eq!(printer.web.look(&here()).await, Looked::Renewed);
    let first = shown(at, &trusted, "127.0.0.1", later).await.unwrap();

    PASSED.store(9, Ordering::SeqCst);
    assert_eq!(printer.web.look(&here()).await, Looked::Good);
    PASSED.store(10, Ordering::SeqCst);
    assert_eq!(printer.web.look(&here()).await, Looked::Renewed);
    let second = shown(at, &trusted, "127.0.0.1", later).await.unwrap();
    assert_ne!(second, first);
    let until = printer.web.kept().unwrap().not_after;
    let lifetime = until.since(later());
    assert!(lifetime <= limits::WEB_CERTIFICATE_LIFETIME && lifetime > DAY * 13);

    // Nobody renews it: it is shown to its end, and then the own one again.
    drop(admin.stop().await);
    printer.until(|status| status.members.is_empty()).await;
    PASSED.store(10 + 13, Ordering::SeqCst);
    assert_eq!(printer.web.look(&here()).await, Looked::Missing);
    assert_eq!(
        shown(at, &trusted, "127.0.0.1", later).await.unwrap(),
        second
    );
    PASSED.store(10 + 15, Ordering::SeqCst);
    assert_eq!(printer.web.look(&here()).await, Looked::Missing);
    assert!(printer.tls.get().is_none() && printer.web.kept().is_none());
}

#[tokio::test]
async fn nobody_is_certified_for_anothers_name_or_address() {
    let admin = Running::admin().await;
    let first = admin.admit("Hall", Role::Printer).await;
    let second = admin.admit("hall", Role::Printer).await;
    let wanted = places(&["hall.local", "localhost"], &["127.0.0.1", "10.98.76.54"]);
    assert_eq!(first.web.look(&wanted).await, Looked::Renewed);
    let kept = first.web.kept().unwrap();
    assert_eq!(
        kept.places,
        places(&["hall.local", "localhost"], &["127.0.0.1"])
    );
    // The admin does not see it there.
    assert_eq!(kept.refused, places(&[], &["10.98.76.54"]));

    // Who has the same name comes second; a name of another beginning is nobody's.
    let wanted = places(&["hall.local", "localhost", "office.local"], &[]);
    assert_eq!(second.web.look(&wanted).await, Looked::Renewed);
    let kept = second.web.kept().unwrap();
    assert_eq!(kept.places, places(&["localhost"], &[]));
    assert!(admin.audit().await.contains(&Kind::WebNameRefused));
    let nothing = second.web.look(&places(&["office.local"], &[])).await;
    assert_eq!(nothing, Looked::Missing);

    // Until the first is no member any more.
    let node = first.mesh.node();
    admin
        .authority
        .revoke(&node.to_string(), OfAdmin::Unsaid, None)
        .await
        .unwrap();
    let wanted = places(&["hall.local"], &[]);
    assert_eq!(second.web.look(&wanted).await, Looked::Renewed);
    assert_eq!(second.web.kept().unwrap().places, wanted);

    // And the first is certified for nothing, whatever it still shows of itself.
    eventually(|| async { first.mesh.membership().standing().is_err() }).await;
    assert_eq!(first.web.look(&here()).await, Looked::Missing);
    assert!(first.tls.get().is_none());
    let revoked = Member {
        node,
        certificate: first.mesh.membership().certificate(),
    };
    let (_, request) = Asking::new(
        &WebKey::random(&mut rand::rng()),
        &revoked.certificate,
        here(),
    );
    let answer = asked(&admin, &revoked, &request).await;
    assert_eq!(answer, Answer::Denied(Denial::Nowhere));
}

/// What an admin's node answers this member.
async fn asked(admin: &Running, member: &Member, request: &Request) -> Answer {
    let (mut near, mut far) = tokio::io::duplex(64 * 1024);
    write_message(&mut near, request, limits::WEB_MESSAGE)
        .await
        .unwrap();
    admin.authority.answer_web(member, &mut far).await.unwrap();
    let wait = Duration::from_secs(10);
    let answer = read_message(&mut near, limits::WEB_MESSAGE, wait).await;
    answer.unwrap().unwrap()
}

#[tokio::test]
async fn who_asks_too_often_or_with_anothers_key_is_denied() {
    let admin = Running::admin().await;
    let printer = admin.admit("Hall", Role::Printer).await;
    let own = printer.mesh.membership().certificate();
    let member = Member {
        node: own.node,
        certificate: Arc::clone(&own),
    };
    let key = WebKey::random(&mut rand::rng());
    let (_, request) = Asking::new(&key, &own, here());
    let Request::Certify(mut wanted) = request.clone() else {
        panic!("it asks for something else");
    };
    wanted.key = WebKey::random(&mut rand::rng()).public();
    let stolen = asked(&admin, &member, &Request::Certify(wanted)).await;
    assert_eq!(stolen, Answer::Denied(Denial::Malformed));
    let mut certified = 0;
    let last = loop {
        match asked(&admin, &member, &request).await {
            Answer::Certified(_) => certified += 1,
            other => break other,
        }
        assert!(certified < 100);
    };
    assert_eq!(last, Answer::Denied(Denial::TooOften));
    // A member that is no admin signs nothing.
    let nothing = asked(&printer, &member, &Request::Authority).await;
    assert_eq!(nothing, Answer::Denied(Denial::Trouble));
}

#[tokio::test]
async fn a_new_admin_has_the_same_authority_and_knows_who_has_which_name() {
    let admin = Home::founder(&[Role::Client], Some("correct horse"))
        .run()
        .await;
    let printer = admin.admit_sealed("Hall", "correct horse").await;
    let open = admin.authority.web_authority(None).await.unwrap();
    assert_eq!(
        printer.web.look(&places(&["hall.local"], &[])).await,
        Looked::Renewed
    );

    let exported = admin.authority.export_site("correct horse").await.unwrap();
    let spare = Home::new();
    let root = admin.home.root.clone();
    spare.import(&exported.text, "correct horse", root).unwrap();
    let spare = spare.run().await;
    let same = spare.authority.web_authority(None).await.unwrap();
    assert_eq!(same.envelope(), open.envelope());
    spare.meet(&printer).await;
    drop(admin.stop().await);
    printer.until(|status| status.members.len() == 1).await;
    let elsewhere = places(&["hall.local"], &["10.98.76.54"]);
    assert_eq!(printer.web.look(&elsewhere).await, Looked::Missing);

    spare.authority.unlock(Some("correct horse")).await.unwrap();
    assert_eq!(printer.web.look(&elsewhere).await, Looked::Renewed);
    // Who has the name is known here, too, though it never asked here before.
    let second = spare.admit_sealed("HALL", "correct horse").await;
    assert_eq!(second.web.look(&elsewhere).await, Looked::Missing);
}
