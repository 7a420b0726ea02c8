//! What a gateway calls its places is found again, however it is asked for.

use papermesh_protocol::codec;
use papermesh_protocol::gateway::name::{Alias, Domain, Found, HostName, Label};
use papermesh_protocol::limits;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

fn label() -> impl Strategy<Value = Label> {
    prop_oneof![
        "[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]".prop_filter_map("a label", |text| text.parse().ok()),
        any::<[u8; 5]>().prop_map(Label::random),
    ]
}

fn domain() -> impl Strategy<Value = Domain> {
    "([a-z0-9]{1,20}\\.){1,5}[a-z]{2,20}".prop_map(|text| text.parse().unwrap())
}

/// The same with some letters in upper case.
fn shouted(text: &str, which: u64) -> String {
    let raised = |(at, c): (usize, char)| match which >> (at % 64) & 1 {
        1 => c.to_ascii_uppercase(),
        _ => c,
    };
    text.chars().enumerate().map(raised).collect()
}

proptest! {
    #[test]
    fn a_place_is_found_by_its_name(
        domain in domain(),
        site in label(),
        place in proptest::option::of(label()),
        which in any::<u64>(),
    ) {
        let name = domain.place(&site, place.as_ref());
        prop_assert!(name.as_str().len() <= limits::HOST_NAME);
        let asked = shouted(name.as_str(), which) + ".";
        prop_assert_eq!(asked.parse(), Ok(name.clone()));
        let found = match place {
            Some(place) => Found::Place { site, place },
            None => Found::Site(site),
        };
        prop_assert_eq!(domain.find(&name), Some(found));
        prop_assert_eq!(domain.find(domain.host_name()), Some(Found::Gateway));
    }

    #[test]
    fn what_is_found_has_that_name(domain in domain(), labels in "([a-z0-9-]{0,9}\\.){0,3}") {
        let Ok(name) = format!("{labels}{domain}").parse::<HostName>() else {
            return Ok(());
        };
        match domain.find(&name) {
            Some(Found::Gateway) => prop_assert_eq!(&name, domain.host_name()),
            Some(Found::Site(site)) => prop_assert_eq!(name, domain.place(&site, None)),
            Some(Found::Place { site, place }) => prop_assert_eq!(name, domain.place(&site, Some(&place))),
            None => {}
        }
    }

    #[test]
    fn whatever_is_a_name_has_one_form(text in ".{0,80}|[a-zA-Z0-9.-]{0,260}|[!-~]{0,130}") {
        if let Ok(name) = text.parse::<HostName>() {
            prop_assert_eq!(name.as_str().parse(), Ok(name.clone()));
            let bytes = codec::encode(&name, 300).unwrap();
            prop_assert_eq!(codec::decode(&bytes, 300), Ok(name));
        }
        if let Ok(label) = text.parse::<Label>() {
            prop_assert_eq!(label.as_str().parse(), Ok(label.clone()));
        }
        if let Ok(alias) = text.parse::<Alias>() {
            prop_assert_eq!(alias.as_str().parse(), Ok(alias.clone()));
        }
    }

    #[test]
    fn an_alias_is_found_however_its_path_is_written(
        text in "[!\"$-.0->A-~]{1,128}",
        escaped in any::<u128>(),
        upper in any::<bool>(),
    ) {
        let alias: Alias = text.parse().unwrap();
        prop_assert_eq!(Alias::readings(&text).next(), Some(alias.clone()));
        // Either nothing is escaped, or at least each `%` is.
        let escape = |(at, c): (usize, char)| match (c == '%' || escaped >> at & 1 == 1, upper) {
            (false, _) => c.to_string(),
            (true, true) => format!("%{:02X}", u32::from(c)),
            (true, false) => format!("%{:02x}", u32::from(c)),
        };
        let segment: String = text.chars().enumerate().map(escape).collect();
        prop_assert!(alias.matches(&segment), "{}", segment);
    }
}
