//! systemd-creds: seals with this computer's TPM where it has one, and with a key that only root
//! reads. What it makes opens on this computer alone.

use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::{ProtectorError, Secret, TOKEN, secret};

const PROGRAM: &str = "systemd-creds";
/// What a sealed credential is called; it opens under no other name.
const NAME: &str = "--name=papermesh-keys";
/// How long it may take: some TPMs are slow.
const PATIENCE: Duration = Duration::from_secs(30);
/// Interval between checks whether it is done.
const LOOK: Duration = Duration::from_millis(10);

/// Whether there is a TPM that systemd can use.
pub(super) fn has_tpm() -> bool {
    let has = Command::new(PROGRAM)
        .arg("has-tpm2")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    has.is_ok_and(|status| status.success())
}

pub(super) fn keep(secret: &Secret) -> Result<Vec<u8>, ProtectorError> {
    // Bound to the TPM and not to what was started on it: an update of the firmware must not cost
    // a node its keys, and a thief of the disk has neither.
    let sealed = run(
        &["encrypt", NAME, "--with-key=auto", "--tpm2-pcrs=", "-", "-"],
        secret.as_slice(),
    )?;
    Ok(sealed.to_vec())
}

pub(super) fn give(token: &[u8]) -> Result<Secret, ProtectorError> {
    secret(&run(&["decrypt", NAME, "-", "-"], token)?)
}

/// Runs it with this on its standard input; gives its standard output.
fn run(arguments: &[&str], input: &[u8]) -> Result<Zeroizing<Vec<u8>>, ProtectorError> {
    let mut command = Command::new(PROGRAM);
    if !rustix::process::geteuid().is_root() {
        // Since systemd 256. Older ones say that they do not know it.
        command.arg("--user");
    }
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| ProtectorError::Absent(format!("{PROGRAM}: {error}")))?;
    let talked = talk(&mut child, input);
    if talked.is_err() {
        // It may still be at it.
        let _ = child.kill();
    }
    let _ = child.wait();
    talked
}

fn talk(child: &mut Child, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, ProtectorError> {
    let refused = |error: io::Error| ProtectorError::Refused(error.to_string());
    if let Some(mut stdin) = child.stdin.take() {
        // It reads all before it writes. One that does not read says why on its way out.
        let _ = stdin.write_all(input);
    }
    let stdout = child.stdout.take();
    let reading = thread::spawn(move || read(stdout));
    let stderr = child.stderr.take();
    let complaining = thread::spawn(move || read(stderr));
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().map_err(refused)? {
            Some(status) => break status,
            None if begun.elapsed() >= PATIENCE => return Err(ProtectorError::Silent),
            None => thread::sleep(LOOK),
        }
    };
    let said = reading.join().map_err(|_| ProtectorError::Silent)?;
    if status.success() {
        return said.map_err(refused);
    }
    let complaint = complaining.join().map_err(|_| ProtectorError::Silent)?;
    let complaint = complaint.map_err(refused)?;
    let complaint = String::from_utf8_lossy(&complaint);
    let last = complaint.lines().rfind(|line| !line.trim().is_empty());
    let reason = last.map_or_else(|| status.to_string(), str::to_owned);
    Err(ProtectorError::Refused(papermesh_protocol::text::clean(
        &reason, 200,
    )))
}

fn read(from: Option<impl Read>) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    if let Some(from) = from {
        from.take(TOKEN as u64).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
