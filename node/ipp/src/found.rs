//! How the hold printer is found by itself (Bonjour Printing Specification 1.2.1; PWG 5100.14
//! section 4.2).

use std::net::SocketAddr;

use papermesh_convert::format;
use papermesh_web::dnssd::{Announcement, Kind, Reach};

use super::identity::{Identity, MODEL};
use super::printer_attributes;
use super::queue::Capabilities;

/// IPP Everywhere asks for the first, phones for the second.
const SUBTYPES: [&str; 2] = ["_print", "_universal"];
/// Before other queues, at 0, and after them, at 99: the hold printer is the one to take.
const DISCOVERY_PRIORITY: &str = "20";

/// What is announced of the hold printer that listens at `address`. From another computer it is
/// reached over IPPS only, and with user id and PIN.
pub(super) fn announcement(
    identity: &Identity,
    capabilities: &Capabilities,
    address: SocketAddr,
) -> Announcement {
    let reach = match address.ip().is_loopback() {
        true => Reach::ThisComputer,
        false => Reach::Network,
    };
    let kind = |service, page| Kind {
        service,
        subtypes: &SUBTYPES,
        port: address.port(),
        page: Some(page),
        txt: txt(identity, capabilities, reach),
    };
    // The name belongs to the oldest printing service, which is not there.
    let flagship = Kind {
        service: "_printer._tcp",
        subtypes: &[],
        port: 0,
        page: None,
        txt: Vec::new(),
    };
    let kinds = match reach {
        Reach::ThisComputer => vec![
            flagship,
            kind("_ipp._tcp", "http"),
            kind("_ipps._tcp", "https"),
        ],
        Reach::Network => vec![flagship, kind("_ipps._tcp", "https")],
    };
    Announcement::new(reach, &identity.dns_sd_name(), kinds)
}

fn txt(
    identity: &Identity,
    capabilities: &Capabilities,
    reach: Reach,
) -> Vec<(&'static str, String)> {
    let flag = |on: bool| if on { "T" } else { "F" };
    let formats: Vec<&str> = format::FORMATS.iter().map(|(format, _)| *format).collect();
    let uuid = identity.uuid();
    let mut txt = vec![
        ("txtvers", "1".to_owned()),
        ("qtotal", "1".to_owned()),
        ("rp", super::PATH.trim_start_matches('/').to_owned()),
        ("ty", MODEL.to_owned()),
        ("note", identity.location.clone()),
        ("product", format!("({MODEL})")),
        ("pdl", formats.join(",")),
        ("UUID", uuid.trim_start_matches("urn:uuid:").to_owned()),
        ("URF", printer_attributes::urf(capabilities).join(",")),
        ("Color", flag(capabilities.can.prints_color()).to_owned()),
        (
            "Duplex",
            flag(capabilities.can.prints_both_sides()).to_owned(),
        ),
        ("TLS", "1.2".to_owned()),
        ("priority", DISCOVERY_PRIORITY.to_owned()),
        ("kind", "document,photo".to_owned()),
        ("PaperMax", "legal-A4".to_owned()),
    ];
    if reach == Reach::Network {
        txt.push(("air", "username,password".to_owned()));
    }
    txt
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn others_are_told_of_the_protected_way_only() {
        let identity = Identity {
            name: "Acme Papermesh".into(),
            location: "laptop-1".into(),
            organization: "Acme".into(),
            seed: vec![7],
        };
        let told = |address: &str| {
            let address = address.parse().unwrap();
            announcement(&identity, &Capabilities::sane(1 << 20), address)
        };
        let has = |told: &Announcement, service: &str| {
            told.kinds.iter().any(|kind| kind.service == service)
        };
        let here = told("127.0.0.1:6310");
        assert_eq!(here.name, "Acme Papermesh @ laptop-1");
        assert!(has(&here, "_ipp._tcp") && here.reach == Reach::ThisComputer);
        let everywhere = told("0.0.0.0:6310");
        assert!(!has(&everywhere, "_ipp._tcp") && has(&everywhere, "_ipps._tcp"));
        let txt = &everywhere.kinds.last().unwrap().txt;
        let value = |key: &str| &txt.iter().find(|(name, _)| *name == key).unwrap().1;
        assert_eq!(value("air"), "username,password");
        assert_eq!(value("rp"), "ipp/print");
        assert!(value("URF").contains("SRGB24") && value("pdl").contains("application/pdf"));
    }
}
