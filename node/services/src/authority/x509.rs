//! Certificates for the web (RFC 5280): the web authority's own, those of the admins that it appoints,
//! and those of the members that they issue.
//!
//! The web authority's is the same bytes whenever it is made: all that stands in it follows from the root
//! and the site's name, which never change, and signatures are deterministic. Its dates are those of the
//! protocol, because nothing tells for certain when the site was founded.

use papermesh_protocol::id::SiteId;
use papermesh_protocol::text::{Name, clean};
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::{self, Places, WebKey, WebPublic, place};
use rand::Rng;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CidrSubnet, DistinguishedName, DnType, Error,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, RemoteKeyPair, SanType, SerialNumber,
    SignatureAlgorithm,
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

/// The most bytes of a name in a subject, where 64 characters fit with what else stands there.
const NAME: usize = 40;
/// Digits of a site's id that tell it from others of its name.
const ID: usize = 8;

/// The web authority of a site, with the root at hand.
pub(super) struct Authority {
    certificate: Certificate,
    key: KeyPair,
    site_name: String,
}

/// An admin who issues certificates for members.
pub(super) struct Issuer {
    /// As its certificate has it, but for who signed it: what stands in those that it issues.
    twin: Certificate,
    key: KeyPair,
    site_name: String,
}

/// A key as the library wants it.
struct Signer {
    key: WebKey,
    public: WebPublic,
}

impl RemoteKeyPair for Signer {
    fn public_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.key.sign(message))
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// A member's key as the library wants it.
struct Certified(WebPublic);

impl PublicKeyData for Certified {
    fn der_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn algorithm(&self) -> &SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl Authority {
    /// The web authority of the site with this root.
    pub(super) fn new(root: &ed25519_dalek::SigningKey, site_name: &Name) -> Result<Self, Error> {
        let site = SiteId::from(root.verifying_key());
        let key = WebKey::of_root(root);
        let public = key.public();
        let mut params = CertificateParams::default();
        let site_name = clean(site_name.as_str(), NAME);
        let id: String = site.to_string().chars().take(ID).collect();
        params.distinguished_name = subject(&format!("{site_name} Papermesh {id}"), &site_name);
        params.serial_number = Some(serial(&Sha256::digest(public.as_bytes())));
        params.not_before = date(web::AUTHORITY_FROM)?;
        params.not_after = date(web::AUTHORITY_UNTIL)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.name_constraints = Some(constraints());
        let key = KeyPair::from_remote(Box::new(Signer { key, public }))?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate,
            key,
            site_name,
        })
    }

    /// Its certificate, DER.
    pub(super) fn certificate(&self) -> &[u8] {
        self.certificate.der()
    }

    /// A certificate for an admin who issues others, DER.
    pub(super) fn appoint(
        &self,
        admin: WebPublic,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Vec<u8>, Error> {
        let mut params = of_issuer(admin, &self.site_name);
        params.not_before = date(from)?;
        params.not_after = date(until)?;
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&Certified(admin), &self.certificate, &self.key)?;
        Ok(certificate.der().to_vec())
    }
}

impl Issuer {
    /// The admin with this key.
    pub(super) fn new(admin: &ed25519_dalek::SigningKey, site_name: &Name) -> Result<Self, Error> {
        let key = WebKey::of_admin(admin);
        let public = key.public();
        let site_name = clean(site_name.as_str(), NAME);
        let params = of_issuer(public, &site_name);
        let key = KeyPair::from_remote(Box::new(Signer { key, public }))?;
        let twin = params.self_signed(&key)?;
        Ok(Self {
            twin,
            key,
            site_name,
        })
    }

    /// A certificate for a member's key, DER.
    pub(super) fn certify(
        &self,
        member: &Name,
        key: WebPublic,
        places: &Places,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Vec<u8>, Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name = subject(&clean(member.as_str(), NAME), &self.site_name);
        let mut random = [0; 16];
        rand::rng().fill_bytes(&mut random);
        params.serial_number = Some(serial(&random));
        params.not_before = date(from)?;
        params.not_after = date(until)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        for name in places.names() {
            let name = name.as_str().try_into()?;
            params.subject_alt_names.push(SanType::DnsName(name));
        }
        for address in places.addresses() {
            let address = SanType::IpAddress(address.ip());
            params.subject_alt_names.push(address);
        }
        let certificate = params.signed_by(&Certified(key), &self.twin, &self.key)?;
        Ok(certificate.der().to_vec())
    }
}

/// What stands in an admin's certificate, but for its dates.
fn of_issuer(admin: WebPublic, site_name: &str) -> CertificateParams {
    let digest = Sha256::digest(admin.as_bytes());
    let mut params = CertificateParams::default();
    let id: String = data_encoding::HEXLOWER.encode(&digest)[..ID].to_owned();
    params.distinguished_name = subject(&format!("{site_name} Papermesh admin {id}"), site_name);
    params.serial_number = Some(serial(&digest));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(constraints());
    params
}

/// What the web authority can vouch for. Names of kinds that are not listed it could vouch for, too;
/// that it can do so for servers only bars those that matter.
fn constraints() -> NameConstraints {
    let names = place::DOMAINS.into_iter().chain([place::LOCALHOST]);
    let names = names.map(|name| GeneralSubtree::DnsName(name.to_owned()));
    let networks_4 = place::NETWORKS_4
        .into_iter()
        .map(|(network, bits)| CidrSubnet::from_v4_prefix(network.octets(), bits));
    let networks_6 = place::NETWORKS_6
        .into_iter()
        .map(|(network, bits)| CidrSubnet::from_v6_prefix(network.octets(), bits));
    let networks = networks_4.chain(networks_6).map(GeneralSubtree::IpAddress);
    NameConstraints {
        permitted_subtrees: names.chain(networks).collect(),
        excluded_subtrees: Vec::new(),
    }
}

fn subject(name: &str, organization: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, organization);
    subject.push(DnType::CommonName, name);
    subject
}

/// Sixteen bytes that are a positive number.
fn serial(bytes: &[u8]) -> SerialNumber {
    let mut bytes: Vec<u8> = bytes.iter().copied().take(16).collect();
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    SerialNumber::from(bytes)
}

fn date(time: Timestamp) -> Result<OffsetDateTime, Error> {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .ok_or(Error::Time)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use ed25519_dalek::SigningKey;
    use papermesh_protocol::limits;

    use super::*;
    use papermesh_web::{SiteCertificate, SiteCertificateError};

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn authority(byte: u8, name: &str) -> Authority {
        let key = SigningKey::from_bytes(&[byte; 32]);
        Authority::new(&key, &name.parse().unwrap()).unwrap()
    }

    /// An admin of the site, and the certificate that the web authority gave it.
    fn issuer(by: &Authority) -> (Issuer, Vec<u8>) {
        let admin = SigningKey::from_bytes(&[9; 32]);
        let public = WebKey::of_admin(&admin).public();
        let certificate = by.appoint(public, web::issuing(NOW)).unwrap();
        assert!(certificate.len() < limits::WEB_ISSUER);
        (
            Issuer::new(&admin, &"Acme".parse().unwrap()).unwrap(),
            certificate,
        )
    }

    fn places(names: &[&str], addresses: &[&str]) -> Places {
        let addresses = addresses.iter().map(|text| {
            let ip: std::net::IpAddr = text.parse().unwrap();
            ip.try_into().unwrap()
        });
        Places::new(names.iter().map(|name| name.parse().unwrap()), addresses).unwrap()
    }

    fn read(
        by: &Authority,
        (issuer, certificate): (&[u8], &[u8]),
        key: &WebKey,
        named: &Places,
    ) -> Result<SiteCertificate, SiteCertificateError> {
        let until = NOW + limits::WEB_CERTIFICATE_LIFETIME;
        let named = named.clone();
        let chain = (by.certificate(), issuer, certificate);
        SiteCertificate::read(chain, key, named, (NOW, until))
    }

    #[test]
    fn the_root_makes_the_same_authority_whenever_it_is_asked() {
        let (one, other) = (authority(1, "Acme"), authority(1, "Acme"));
        assert_eq!(one.certificate(), other.certificate());
        assert_ne!(one.certificate(), authority(2, "Acme").certificate());
        let longest = "ß".repeat(64);
        assert!(authority(1, &longest).certificate().len() < limits::WEB_AUTHORITY - 128);
    }

    #[test]
    fn what_it_issues_holds_for_the_key_and_the_places_and_no_others() {
        let by = authority(1, "Acme");
        let (admin, issuer) = issuer(&by);
        let key = WebKey::random(&mut rand::rng());
        let named = places(
            &["localhost", "desk.local", "desk.corp.internal"],
            &[
                "127.0.0.1",
                "::1",
                "10.1.2.3",
                "172.31.0.9",
                "192.168.7.1",
                "fd00::7",
            ],
        );
        let validity = (NOW, NOW + limits::WEB_CERTIFICATE_LIFETIME);
        let name = "Desk".parse().unwrap();
        let certificate = admin
            .certify(&name, key.public(), &named, validity)
            .unwrap();
        read(&by, (&issuer, &certificate), &key, &named).unwrap();

        let others = places(&["office.local"], &[]);
        assert!(matches!(
            read(&by, (&issuer, &certificate), &key, &others),
            Err(SiteCertificateError::Invalid { .. })
        ));
        let another = WebKey::random(&mut rand::rng());
        assert!(matches!(
            read(&by, (&issuer, &certificate), &another, &named),
            Err(SiteCertificateError::Key)
        ));
        assert!(matches!(
            read(&authority(2, "Acme"), (&issuer, &certificate), &key, &named),
            Err(SiteCertificateError::Invalid { .. })
        ));
        let late = (validity.0, validity.1 + Duration::from_secs(1));
        assert!(matches!(
            SiteCertificate::read((by.certificate(), &issuer, &certificate), &key, named, late),
            Err(SiteCertificateError::Invalid { .. })
        ));
    }

    /// Even with its key nobody makes it vouch for the internet.
    #[test]
    fn it_cannot_vouch_for_names_of_the_internet() {
        let by = authority(1, "Acme");
        let (admin, issuer) = issuer(&by);
        let issuer = rustls::pki_types::CertificateDer::from(issuer);
        let key = KeyPair::generate().unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(by.certificate().to_vec().into()).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            rustls::client::WebPkiServerVerifier::builder_with_provider(roots.into(), provider)
                .build()
                .unwrap();
        for (name, holds) in [
            ("desk.local", true),
            ("10.0.0.1", true),
            ("example.org", false),
            ("desk.local.example.org", false),
            ("8.8.8.8", false),
            ("2001:db8::1", false),
        ] {
            let mut params = CertificateParams::new([name.to_owned()]).unwrap();
            params.not_before = date(NOW).unwrap();
            params.not_after = date(NOW + Duration::from_secs(60)).unwrap();
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            let leaf = params.signed_by(&key, &admin.twin, &admin.key).unwrap();
            let at =
                rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(NOW.as_secs()));
            let verified = rustls::client::danger::ServerCertVerifier::verify_server_cert(
                &*verifier,
                leaf.der(),
                std::slice::from_ref(&issuer),
                &name.try_into().unwrap(),
                &[],
                at,
            );
            assert_eq!(verified.is_ok(), holds, "{name}: {verified:?}");
        }
    }
}
