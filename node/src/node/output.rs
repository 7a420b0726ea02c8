//! What `doctor` says of a printer's output device: whether it answers, and how documents travel
//! to it.

use std::path::Path;
use std::sync::Arc;

use papermesh_convert::device::Formats;
use papermesh_device::{
    DeviceDescription, DeviceError, FilePins, OutputDevice, OutputUri, Protection, Severity,
};

use super::doctor::{bad, doubtful, good};
use super::parts::output_options;
use crate::config::Config;
use crate::control::message::Finding;

const DEVICE: &str = "printer";
const WAY: &str = "way to the printer";
const ADVICE: &str = "check that the printer is on and that --output names it (`papermesh run --help` shows the forms)";

/// Whether the output device of a configuration answers, where no node has it open.
pub(super) async fn at_rest(config: &Config, pins: &Path) -> Vec<Finding> {
    let uri: OutputUri = match config.output.parse() {
        Ok(uri) => uri,
        Err(error) => return vec![bad(DEVICE, format!("{error}"), ADVICE)],
    };
    if let OutputUri::Infra(_) = uri {
        let words = "proxies fetch what is released here while the node runs";
        return vec![good(DEVICE, words.to_owned())];
    }
    let pins = Arc::new(FilePins::new(pins.to_owned()));
    match OutputDevice::open(uri, pins, output_options(config)).await {
        Ok(device) => of(&config.output, &device).await,
        Err(error) => vec![Finding::of(DEVICE, &error).or(ADVICE)],
    }
}

/// Whether the output device answers, and how documents travel to it. `output` is what the
/// configuration calls it.
pub(super) async fn of(output: &str, device: &OutputDevice) -> Vec<Finding> {
    let described = device.try_out().await;
    let uri = output.parse().ok();
    let way = uri.and_then(|uri| way(&uri, described.as_ref().ok()));
    [Some(state(described)), way]
        .into_iter()
        .flatten()
        .collect()
}

fn state(described: Result<DeviceDescription, DeviceError>) -> Finding {
    let device = match described {
        Ok(device) => device,
        Err(error) => return Finding::of(DEVICE, &error).or(ADVICE),
    };
    if let Formats::Listed(formats) = &device.can.formats
        && formats
            .iter()
            .all(|format| format == "application/octet-stream")
    {
        return doubtful(
            DEVICE,
            format!(
                "{} answers but does not report which formats it accepts",
                device.name
            ),
            "add the formats to papermesh.toml, as in formats = [\"application/pdf\"], or print to its raw port \
             with socket://HOST",
        );
    }
    let mut said: Vec<&str> = Vec::new();
    said.extend((!device.accepting).then_some("not accepting jobs"));
    said.extend(device.reasons.iter().map(|reason| reason.words.as_str()));
    // What stops nothing is told all the same, and is nothing to look after.
    let serious = device
        .reasons
        .iter()
        .any(|reason| reason.severity == Severity::Error);
    let as_image = if device.can.as_image {
        "; pages are sent as images (as-image)"
    } else {
        ""
    };
    match (&said[..], serious || !device.accepting) {
        ([], _) => good(
            DEVICE,
            format!("{} answers and is accepting jobs{as_image}", device.name),
        ),
        (said, false) => good(
            DEVICE,
            format!(
                "{} is accepting jobs and reports: {}{as_image}",
                device.name,
                said.join(", ")
            ),
        ),
        (said, true) => doubtful(
            DEVICE,
            format!("{} answers and reports: {}", device.name, said.join(", ")),
            "check the printer itself",
        ),
    }
}

/// How documents travel to the device; none where they do not leave this computer.
fn way(uri: &OutputUri, device: Option<&DeviceDescription>) -> Option<Finding> {
    const TRUSTED: &str = "keep the printer and this computer on a network of their own, or use a printer that \
                           takes ipps://";
    let protection = device.map(|device| &device.protection);
    if protection == Some(&Protection::Local) || uri.is_here() {
        return None;
    }
    Some(match (uri, protection) {
        // What it does with them it does not say.
        (OutputUri::Infra(_), Some(_)) => good(
            WAY,
            "documents are fetched encrypted, or on this computer, by a proxy that has a device token".to_owned(),
        ),
        (_, Some(Protection::Encrypted { weak })) if !weak.is_empty() => doubtful(
            WAY,
            format!("documents are sent with weak encryption: {}", weak.join(", ")),
            "update the printer's firmware, or have it make a new certificate; then remove its line from \
             printer-certificates.toml",
        ),
        (OutputUri::Ipp(address), Some(Protection::Encrypted { .. })) if !address.tls => doubtful(
            WAY,
            "documents are sent encrypted because the printer offers it, but ipp:// in the output does not require it"
                .to_owned(),
            "write ipps:// in place of ipp:// in --output",
        ),
        (_, Some(Protection::Encrypted { .. })) => good(
            WAY,
            "documents are sent encrypted, and only to the printer that was there first".to_owned(),
        ),
        (OutputUri::Ipp(address), None) if address.tls => return None,
        (OutputUri::Ipp(_), _) => doubtful(
            WAY,
            "documents are sent unencrypted to whoever answers there".to_owned(),
            "write ipps:// in place of ipp:// in --output if the printer supports it; otherwise keep it and this computer on \
             a network of their own",
        ),
        (OutputUri::Socket { .. }, _) => doubtful(
            WAY,
            "documents are sent unencrypted to whoever answers there: a raw port has no encryption".to_owned(),
            TRUSTED,
        ),
        (OutputUri::Tray(_) | OutputUri::Infra(_), _) => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config::{Home, Settings};
    use crate::control::message::Verdict;

    fn verdict(output: &str) -> Option<Verdict> {
        way(&output.parse().unwrap(), None).map(|finding| finding.verdict)
    }

    #[test]
    fn a_way_in_clear_to_another_computer_is_doubtful() {
        for output in [
            "ipp://printer.local/ipp/print",
            "ipp://192.0.2.7",
            "socket://printer",
        ] {
            assert_eq!(verdict(output), Some(Verdict::Doubtful), "{output}");
        }
        for output in [
            "ipp://127.0.0.1:60000/ipp/print",
            "ipp://localhost",
            "socket://[::1]",
            "tray:/srv/tray",
            "ipps://printer.local",
        ] {
            assert_eq!(verdict(output), None, "{output}");
        }
    }

    #[tokio::test]
    async fn a_printer_that_does_not_answer_is_found() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = nobody.local_addr().unwrap();
        drop(nobody);
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            output: Some(format!("ipp://{at}/ipp/print")),
            ..Settings::default()
        };
        let config = settings.resolve(&Home::at(folder.path()));
        let found = at_rest(&config, &folder.path().join("pins")).await;
        assert_eq!(found[0].verdict, Verdict::Bad);
    }
}
